"""Decode BuildKit's progress messages.

The messages are Protocol Buffers (`moby.buildkit.v1.StatusResponse`) within the engine's JSON
stream. Only a few of their fields are needed, which does not justify a dependency. A vertex is a
step of the build, such as an instruction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
# The numbers of fields in a StatusResponse.
_VERTEX, _LOG = 1, 3
# The numbers of fields in a Vertex.
_DIGEST, _NAME, _CACHED, _STARTED, _COMPLETED, _ERROR = 1, 3, 4, 5, 6, 7
# The numbers of fields in a VertexLog: the digest of the vertex, and a piece of its output.
_LOG_VERTEX, _LOG_TEXT = 1, 4
# The beginnings of the names of vertices that belong to no instruction.
_INTERNAL = ("[internal]", "copy /context", "load remote build context", "exporting ")


@dataclass
class Progress:
    """Turns messages into the lines of a build's output: instructions, what they print, errors.

    `_shown` and `_cached` are digests of vertices; `_unfinished` maps digests to unfinished lines.
    """

    _shown: set[bytes] = field(default_factory=set)
    _cached: set[bytes] = field(default_factory=set)
    _unfinished: dict[bytes, bytes] = field(default_factory=dict)

    def lines(self, message: bytes) -> Iterator[str]:
        """Yield the lines of a message. Raises `ValueError` if the message is malformed."""
        for number, value in _fields(message):
            if number == _VERTEX and isinstance(value, bytes):
                yield from self._vertex(dict(_fields(value)))
            elif number == _LOG and isinstance(value, bytes):
                yield from self._log(dict(_fields(value)))

    def rest(self) -> Iterator[str]:
        """Yield the last, unfinished lines, which have no line end."""
        for text in self._unfinished.values():
            yield from _split(text)
        self._unfinished.clear()

    def _vertex(self, vertex: dict[int, int | bytes]) -> Iterator[str]:
        digest, name = _bytes(vertex, _DIGEST), _bytes(vertex, _NAME).decode("utf-8", "replace")
        is_cached, has_started = vertex.get(_CACHED), _STARTED in vertex
        if _COMPLETED in vertex:
            yield from _split(self._unfinished.pop(digest, b""))
        if name.startswith(_INTERNAL):
            return
        if is_cached and digest not in self._cached:
            self._cached.add(digest)
            yield f"CACHED {name}"
        elif has_started and not is_cached and digest not in self._shown:
            self._shown.add(digest)
            yield name
        if error := _bytes(vertex, _ERROR):
            yield f"ERROR {error.decode('utf-8', 'replace')}"

    def _log(self, log: dict[int, int | bytes]) -> Iterator[str]:
        digest = _bytes(log, _LOG_VERTEX)
        text = self._unfinished.pop(digest, b"") + _bytes(log, _LOG_TEXT)
        whole, end, rest = text.rpartition(b"\n")
        if rest:
            self._unfinished[digest] = rest
        yield from _split(whole + end)


def _split(text: bytes) -> Iterator[str]:
    """Yield the lines that are not empty.

    A progress bar overwrites a line with carriage returns; only the line's last state is yielded.
    """
    for line in text.decode("utf-8", "replace").split("\n"):
        last = line.rstrip("\r").rpartition("\r")[2]
        if last.strip():
            yield last


def _bytes(fields: dict[int, int | bytes], number: int) -> bytes:
    value = fields.get(number, b"")
    return value if isinstance(value, bytes) else b""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field, except fields of a fixed size.

    Raises `ValueError` if the message is malformed.
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield key >> 3, value
        elif kind == _BYTES:
            length, position = _varint(message, position)
            if position + length > len(message):
                raise ValueError("a field is longer than its message")
            yield key >> 3, message[position : position + length]
            position += length
        elif kind in _FIXED_SIZES:
            position += _FIXED_SIZES[kind]
        else:
            raise ValueError(f"a field has the unknown wire type {kind}")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message):
            raise ValueError("the message ends within a number")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7

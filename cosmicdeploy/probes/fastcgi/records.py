"""Write and read the records of FastCGI 1.0, for one request per connection."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

VERSION = 1
BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
RESPONDER = 1
REQUEST_ID = 1
# Version, type, request id, length of the content, length of the padding, reserved.
HEADER = struct.Struct(">BBHHBx")
MAX_CONTENT = 0xFFFF
# Lengths from this number on take four bytes, with the highest bit set. Smaller lengths take one
# byte.
LONG = 0x80
# Why the server did not handle a request, by the protocol status in END_REQUEST.
REFUSALS = {
    1: "the server handles one request at a time",
    2: "the server is overloaded",
    3: "the server has another role",
}


class NotFastCgi(Exception):
    """The server has not sent a complete FastCGI response; the text says why."""


def request_bytes(params: Mapping[str, str], body: bytes) -> bytes:
    """Return all records of a request: `params` are its CGI variables."""
    pairs = b"".join(_pair(name, value) for name, value in params.items())
    begin = struct.pack(">HB5x", RESPONDER, 0)
    return _record(BEGIN_REQUEST, begin) + _stream(PARAMS, pairs) + _stream(STDIN, body)


def read_response(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Return what the application wrote to its standard output and to its error output.

    Raises `NotFastCgi` if the server sends anything but a complete response, or refuses the
    request.
    """
    outputs: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray()}
    for kind, content in _records(stream):
        if kind == END_REQUEST:
            # The first four bytes are the exit status of the application.
            refusal = content[4] if len(content) > 4 else 0
            if refusal:
                raise NotFastCgi(f"the request was refused: {REFUSALS.get(refusal, refusal)}")
            return bytes(outputs[STDOUT]), bytes(outputs[STDERR])
        if kind in outputs:
            outputs[kind] += content
    raise NotFastCgi("the connection was closed before the response was complete")


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    while header := stream.read(HEADER.size):
        if header[0] != VERSION:
            raise NotFastCgi("the server does not speak FastCGI")
        if len(header) < HEADER.size:
            return
        _, kind, _, length, padding = HEADER.unpack(header)
        content = stream.read(length + padding)
        if len(content) < length + padding:
            return
        yield kind, content[:length]


def _stream(kind: int, content: bytes) -> bytes:
    """Return the records of a stream of this kind; an empty record ends the stream."""
    parts = range(0, len(content), MAX_CONTENT)
    records = [_record(kind, content[start : start + MAX_CONTENT]) for start in parts]
    return b"".join(records) + _record(kind, b"")


def _record(kind: int, content: bytes) -> bytes:
    return HEADER.pack(VERSION, kind, REQUEST_ID, len(content), 0) + content


def _pair(name: str, value: str) -> bytes:
    encoded = [text.encode("utf-8", "surrogateescape") for text in (name, value)]
    return b"".join([*(_length(len(text)) for text in encoded), *encoded])


def _length(length: int) -> bytes:
    return bytes([length]) if length < LONG else struct.pack(">I", length | LONG << 24)

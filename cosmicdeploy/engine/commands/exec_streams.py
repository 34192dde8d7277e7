"""Run commands in containers and return their complete output and true exit code.

The SDK's own exec has two faults. It bypasses http.client's buffer, so it can lose the first bytes
of the output. And it mistakes a broken stream for a finished one. This module reads through the
buffer, splits the stream into its frames (each has an 8-byte header), and asks the engine for the
exit code at the end.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CommandSilent, EngineError
from cosmicdeploy.process.signals import interruptible

# The first byte of a frame's header; the last four bytes are the length of its data.
STDOUT, STDERR = 1, 2
HEADER = struct.Struct(">BxxxL")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command and its streams, as in `Engine.exec`; `options` are for the SDK's `exec_create`."""

    argv: Sequence[str]
    options: Mapping[str, Any]
    stdin: Iterable[bytes] | None
    sink: Callable[[bytes], None] | None
    silence: float | None


def run_exec(api: Any, container_id: str, command: Command) -> ExecResult:
    """Run a command, and wait until the command ends. Raises as `Engine.exec` does."""
    doing = f"Running {command.argv[0]} in {container_id[:12]}"
    with translated(doing):
        exec_id = api.exec_create(
            container_id, list(command.argv), stdin=command.stdin is not None, **command.options
        )["Id"]
        out, err = bytearray(), bytearray()
        on_stdout = command.sink or out.extend
        for kind, chunk in _frames(api, exec_id, command):
            if kind == STDOUT:
                on_stdout(chunk)
            else:
                err.extend(chunk)
        return ExecResult(
            exit_code=_exit_code(api, exec_id, doing), stdout=bytes(out), stderr=bytes(err)
        )


def _frames(api: Any, exec_id: str, command: Command) -> Iterator[tuple[int, bytes]]:
    # No time limit by default: a long SQL statement prints nothing for minutes.
    response = start(api, exec_id, silence=command.silence)
    try:
        with _stdin_sent(api._get_raw_response_socket(response), command.stdin):
            yield from read_frames(response.raw._fp.fp)
    except TimeoutError as error:
        if command.silence is None:  # the network to a remote engine timed out
            raise
        raise CommandSilent(
            f"Running {command.argv[0]} timed out: it printed nothing for {command.silence:g} s"
        ) from error
    finally:
        response.close()


def start(api: Any, exec_id: str, *, tty: bool = False, silence: float | None = None) -> Any:
    """Start a command that `exec_create` prepared; return its output as a streamed response.

    The caller closes the response. `silence` limits the seconds without output. Raises what the SDK
    raises.
    """
    with interruptible():
        response = api._post_json(
            api._url("/exec/{0}/start", exec_id),
            data={"Tty": tty, "Detach": False},
            stream=True,
            timeout=silence,
        )
    api._raise_for_status(response)
    return response


def read_frames(reader: Any) -> Iterator[tuple[int, bytes]]:
    """Yield the output as it arrives: pairs of `STDOUT` or `STDERR`, and bytes.

    A pair may hold a part of a frame. Raises `EngineError` if the stream ends inside a frame.
    """
    while header := _exactly(reader, HEADER.size):
        kind, size = HEADER.unpack(header)
        while size:
            with interruptible():
                chunk = reader.read1(min(size, 65536))
            if not chunk:
                raise EngineError("The engine's output stream broke off inside a frame")
            size -= len(chunk)
            yield kind, chunk


def whole_frames(reader: Any) -> Iterator[tuple[int, bytes]]:
    """Yield whole frames: pairs of `STDOUT` or `STDERR`, and bytes.

    In a log each frame is a line, or a piece of a long line. Raises as `read_frames` does.
    """
    while header := _exactly(reader, HEADER.size):
        kind, size = HEADER.unpack(header)
        data = _exactly(reader, size)
        if len(data) < size:
            raise EngineError("The engine's output stream broke off inside a frame")
        yield kind, data


def _exactly(reader: Any, size: int) -> bytes:
    """Read `size` bytes; return b"" at the end of the stream.

    Raises `EngineError` if the stream ends after fewer bytes.
    """
    with interruptible():
        data: bytes = reader.read(size)
    if data and len(data) < size:
        raise EngineError("The engine's output stream broke off inside a frame")
    return data


@contextmanager
def _stdin_sent(raw: Any, chunks: Iterable[bytes] | None) -> Iterator[None]:
    """Send standard input from a thread during the block, so that it never delays the output.

    If the block succeeds, waits for the thread, then raises the error that `chunks` raised, if any.
    """
    if chunks is None:
        yield
        return
    failures: list[Exception] = []
    thread = threading.Thread(target=send_stdin, args=(raw, chunks, failures), daemon=True)
    thread.start()
    yield
    with interruptible():
        thread.join()
    if failures:
        raise failures[0]


def send_stdin(raw: Any, chunks: Iterable[bytes], failures: list[Exception]) -> None:
    """Send standard input and close it.

    `raw` is the result of the SDK's `_get_raw_response_socket`. An error that `chunks` raises is
    appended to `failures`, since this function runs in a thread. Returns early if the command ends
    without reading all of its input.
    """
    sock = getattr(raw, "_sock", raw)
    try:
        for chunk in chunks:
            if not _is_sent(sock, chunk):
                return
    except Exception as error:  # the thread that started this one raises it again
        failures.append(error)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def _is_sent(sock: Any, chunk: bytes) -> bool:
    """Send a piece of standard input; return False if the command no longer reads its input."""
    try:
        sock.sendall(chunk)
    except OSError:
        return False
    return True


def _exit_code(api: Any, exec_id: str, doing: str) -> int:
    state = api.exec_inspect(exec_id)
    if state["Running"] or state["ExitCode"] is None:
        raise EngineError(f"{doing}: the stream ended, but the command has no exit code")
    return int(state["ExitCode"])

"""Run commands in containers with their complete output and true exit code.

The SDK's own exec reads the socket below http.client's buffer, which can lose the first bytes, and
mistakes a broken stream for a finished one. This module reads the response's buffer, splits the
8-byte frames itself, and asks for the exit code at the end.
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
from cosmicdeploy.signals import interruptible

STDOUT, STDERR = 1, 2
HEADER = struct.Struct(">BxxxL")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command and its streams; `Engine.exec` describes the fields."""

    argv: Sequence[str]
    options: Mapping[str, Any]
    stdin: Iterable[bytes] | None
    sink: Callable[[bytes], None] | None
    silence: float | None


def run_exec(api: Any, container_id: str, command: Command) -> ExecResult:
    """Run the command to its end.

    Raises `EngineError` if the stream breaks off or there is no exit code.
    """
    doing = f"Running {command.argv[0]} in {container_id[:12]}"
    with translated(doing):
        exec_id = api.exec_create(
            container_id, list(command.argv), stdin=command.stdin is not None, **command.options
        )["Id"]
        out, err = bytearray(), bytearray()
        take = command.sink or out.extend
        for kind, chunk in _frames(api, exec_id, command):
            take(chunk) if kind == STDOUT else err.extend(chunk)
        return ExecResult(
            exit_code=_exit_code(api, exec_id, doing), stdout=bytes(out), stderr=bytes(err)
        )


def _frames(api: Any, exec_id: str, command: Command) -> Iterator[tuple[int, bytes]]:
    # Without a limit by default: a long statement prints nothing for minutes.
    response = start(api, exec_id, silence=command.silence)
    try:
        with _fed(api._get_raw_response_socket(response), command.stdin):
            yield from read_frames(response.raw._fp.fp)
    except TimeoutError as error:
        if command.silence is None:  # a timeout of the network, with a remote engine
            raise
        raise CommandSilent(
            f"Running {command.argv[0]} timed out: it printed nothing for {command.silence:g} s"
        ) from error
    finally:
        response.close()


def start(api: Any, exec_id: str, *, tty: bool = False, silence: float | None = None) -> Any:
    """Start what `exec_create` created; return the response, which the caller closes."""
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
    """Split the engine's multiplexed stream. Raises `EngineError` for an incomplete frame."""
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
    """Split the stream as `read_frames` does, but yield whole frames: a log's frame is a line."""
    while header := _exactly(reader, HEADER.size):
        kind, size = HEADER.unpack(header)
        data = _exactly(reader, size)
        if len(data) < size:
            raise EngineError("The engine's output stream broke off inside a frame")
        yield kind, data


def _exactly(reader: Any, size: int) -> bytes:
    with interruptible():
        data: bytes = reader.read(size)
    if data and len(data) < size:
        raise EngineError("The engine's output stream broke off inside a frame header")
    return data


@contextmanager
def _fed(raw: Any, chunks: Iterable[bytes] | None) -> Iterator[None]:
    """Send standard input from a thread during the block, so that output never waits for it."""
    if chunks is None:
        yield
        return
    failures: list[Exception] = []
    thread = threading.Thread(target=send, args=(raw, chunks, failures), daemon=True)
    thread.start()
    yield
    thread.join()
    if failures:
        raise failures[0]


def send(raw: Any, chunks: Iterable[bytes], failures: list[Exception]) -> None:
    """Send standard input and close it; errors that `chunks` raises are added to `failures`.

    `raw` is the response's raw socket, as the SDK calls it.
    """
    sock = getattr(raw, "_sock", raw)
    try:
        for chunk in chunks:
            sock.sendall(chunk)
    except OSError:
        return  # the command ended before it read everything; its exit code says how
    except Exception as error:  # raised again in the thread that waits
        failures.append(error)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def _exit_code(api: Any, exec_id: str, doing: str) -> int:
    state = api.exec_inspect(exec_id)
    if state["Running"] or state["ExitCode"] is None:
        raise EngineError(f"{doing}: the stream ended, but the command has no exit code")
    return int(state["ExitCode"])

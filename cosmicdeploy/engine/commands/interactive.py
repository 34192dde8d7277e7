"""Run a command in a container with the operator's streams or terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from docker.errors import APIError

from cosmicdeploy.engine.commands.exec_streams import STDOUT, read_frames, send_stdin, start
from cosmicdeploy.engine.facts import Streams
from cosmicdeploy.errors import EngineError

POLL_SECONDS = 0.1
# The keys that detach a terminal from its command. The engine's default, Ctrl-P Ctrl-Q, would delay
# each Ctrl-P. No operator types Ctrl-@ four times.
DETACH_KEYS = "ctrl-@,ctrl-@,ctrl-@,ctrl-@"


def run(
    api: Any, container_id: str, argv: Sequence[str], options: Mapping[str, Any], streams: Streams
) -> int:
    """Run a command, wait until the command ends, and return its exit code.

    `options` are for the SDK's `exec_create`. Raises what the SDK raises, and `EngineError` if the
    engine reports no exit code. The streams' errors are raised as in `Engine.exec_interactive`.
    """
    has_terminal = streams.size is not None
    exec_id = api.exec_create(
        container_id,
        list(argv),
        stdin=True,
        tty=has_terminal,
        detach_keys=DETACH_KEYS if has_terminal else None,
        **options,
    )["Id"]
    response = start(api, exec_id, tty=has_terminal)
    try:
        raw = api._get_raw_response_socket(response)
        with _stdin_sent(raw, streams), _terminal_sized(api, exec_id, streams):
            _copy_output(response.raw._fp.fp, streams)
    finally:
        response.close()
    return _exit_code(api, exec_id)


def _copy_output(reader: Any, streams: Streams) -> None:
    if streams.size is not None:
        while chunk := reader.read1(65536):
            streams.out(chunk)
        return
    for kind, chunk in read_frames(reader):
        (streams.out if kind == STDOUT else streams.err)(chunk)


@contextmanager
def _stdin_sent(raw: Any, streams: Streams) -> Iterator[None]:
    """Send standard input from a thread during the block.

    Does not wait for the thread after the block: a read of standard input can block without end.
    """
    failures: list[Exception] = []
    threading.Thread(target=send_stdin, args=(raw, streams.stdin, failures), daemon=True).start()
    try:
        yield
    finally:
        streams.over.set()
    if failures:
        raise failures[0]


@contextmanager
def _terminal_sized(api: Any, exec_id: str, streams: Streams) -> Iterator[None]:
    """Keep the command's terminal as large as the operator's terminal during the block."""
    if streams.size is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(
        target=_follow_size, args=(api, exec_id, streams.size, over), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _follow_size(
    api: Any, exec_id: str, size: Callable[[], tuple[int, int]], over: threading.Event
) -> None:
    current = None
    while not over.is_set():
        lines, columns = size()
        if (lines, columns) != current:
            with suppress(APIError, OSError):  # the command has not started yet, or has ended
                api.exec_resize(exec_id, height=lines, width=columns)
                current = (lines, columns)
        over.wait(POLL_SECONDS)


def _exit_code(api: Any, exec_id: str) -> int:
    """Wait until the command ends, and return its exit code.

    A command may close its outputs before it ends. Raises `EngineError` if there is no exit code.
    """
    while (state := api.exec_inspect(exec_id))["Running"]:
        time.sleep(POLL_SECONDS)
    if state["ExitCode"] is None:
        raise EngineError("The command ended, but has no exit code", where=exec_id[:12])
    return int(state["ExitCode"])

"""Send a command to a UNIX socket in a container, and return the answer."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.process.signals import interruptible
from cosmicdeploy.proxy.admin.rooted import rooted
from cosmicdeploy.proxy.admin.scripts import NO_PROGRAM, UNIX
from cosmicdeploy.proxy.kernel import proc

TIMEOUT_SECONDS = 5.0
PIECE = 1 << 16
# The rest of an answer is not read once it has reached this size.
MAX_BYTES = 8 << 20


def ask_unix(ctx: Context, container: Container, path: str, command: str) -> str:
    """Send one line to the UNIX socket `path` of a container; return the whole answer.

    If the container's root folder is accessible on this host, the deployer connects to the socket
    itself. Otherwise a program in the container does it. Raises `EngineError` if neither works.
    """
    answer = _from_host(container, path, command)
    return answer if answer is not None else _from_inside(ctx, container, path, command)


def _from_host(container: Container, path: str, command: str) -> str | None:
    root = proc.root(container)
    try:
        host_path = rooted(root, path) if root is not None else None
        return _exchange(host_path, command) if host_path is not None else None
    except OSError:
        return None


def _exchange(host_path: Path, command: str) -> str:
    with closing(socket.socket(socket.AF_UNIX)) as connection, interruptible():
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(str(host_path))
        connection.sendall(command.encode() + b"\n")
        answer = b""
        while (piece := connection.recv(PIECE)) and len(answer) < MAX_BYTES:
            answer += piece
    return answer.decode("utf-8", "replace")


def _from_inside(ctx: Context, container: Container, path: str, command: str) -> str:
    result = ctx.engine.exec(container.id, ["sh", "-c", UNIX, "sh", path, command])
    if result.exit_code != 0:
        missing = result.exit_code == NO_PROGRAM
        raise EngineError(
            "The load balancer's socket cannot be reached",
            where=f"{container.name}: {path}",
            todo="add socat, perl or python3 to its image, or run the deployer as root on the"
            " engine's host"
            if missing
            else "check that the socket exists, and that the container's user may write to it",
            details=result.error_text.splitlines(),
        )
    return result.text

"""Run modules in processes that have the deployer loaded already.

Loading it takes a second of computing time, and the tests of the real stack start hundreds of
commands. This server loads it once and forks a process for each command, which has its own
environment, folder and standard streams, runs a module as `python -m` does, and ends as any
interpreter does. That the command also starts from nothing is tested where an operator types it:
by `exec`, `monitor` and `diagnose --fix`.

Standard input is a socket. Each message is a `Request` as JSON, with the command's three standard
streams and a socket that gets its process id, and its exit code once it has ended. The server ends
when the socket is closed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

# As the command itself sets it, before anything is loaded.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

LARGEST_MESSAGE = 1 << 17
STANDARD_STREAMS = (0, 1, 2)


@dataclass(frozen=True)
class Request:
    """What a process is to run: a module with these arguments."""

    module: str
    arguments: list[str]
    folder: str
    environ: dict[str, str]


def main() -> None:
    load()
    with socket.socket(fileno=os.dup(0)) as requests:
        request = serve(requests)
    if request is not None:
        run(request)


def load() -> None:
    """Import every module of the deployer."""
    package = importlib.import_module("cosmicdeploy")
    for module in pkgutil.walk_packages(package.__path__, "cosmicdeploy."):
        if ".payload" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.freeze()  # else each process copies the objects as soon as it collects garbage
    with os.scandir("/proc/self/task") as threads:
        assert len(list(threads)) == 1, "only the thread that forks is in the new process"


def serve(requests: socket.socket) -> Request | None:
    """Start a process for each message; return its request there, and None here at the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, LARGEST_MESSAGE, 4)
        if not message:
            return None
        if os.fork() == 0:
            become_command(descriptors)
            return Request(**json.loads(message))
        close(descriptors)


def become_command(descriptors: Sequence[int]) -> None:
    """Fork once more: the parent waits for the command and passes its exit code on."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, other_end = descriptors
    if command := os.fork():
        close(streams)
        with socket.socket(fileno=other_end) as answers:
            answers.sendall(f"{command} ".encode())
            _, status = os.waitpid(command, 0)
            answers.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    for stream, standard in zip(streams, STANDARD_STREAMS, strict=True):
        os.dup2(stream, standard)
    close(descriptors)


def close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def run(request: Request) -> None:
    os.environ.clear()
    os.environ.update(request.environ)
    os.chdir(request.folder)
    # The server's own may have been files or a terminal.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[0] = request.folder
    sys.argv[1:] = request.arguments
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

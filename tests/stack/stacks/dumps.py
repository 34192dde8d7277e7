"""Dumps that run or failed, and fake tools in containers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError

# This folder comes before those of the real tools in PATH.
FAKE_TOOLS = "/usr/local/bin"
HELP = 'case "$*" in *--help*) exec $REAL --help;; esac'
# This worker's own: containers of the other one hang as well.
ENDLESS = f"sleep {10_000 + os.getpid()}"


def once(action: Callable[[], object]) -> Callable[[int], None]:
    """Return a progress callback that runs the action once, at the first bytes of a dump."""
    pending = [action]
    return lambda _: pending and pending.pop()()


def dump_processes(access: DatabaseAccess) -> list[str]:
    top = docker.from_env().containers.get(access.container_id).top(ps_args="-eo pid,args")
    return [line[-1] for line in top["Processes"] if "dump" in line[-1]]


def assert_failed(catalogue: Catalogue, reason: str) -> None:
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"
    assert reason in failed.manifest.reason
    assert [path.suffix for path in catalogue.folder.iterdir()] == [".json"]
    with pytest.raises(BackupError, match="no usable backup"):
        catalogue.get("latest")


@contextmanager
def fake_tool(
    engine: Engine, access: DatabaseAccess, script: str, tool: str = "mariadb-dump"
) -> Iterator[None]:
    """Replace a tool in the container by a script, in which `$REAL` is the real tool."""
    text, path = f"#!/bin/sh\nREAL=/usr/bin/{tool}\n{HELP}\n{script}", f"{FAKE_TOOLS}/{tool}"
    write = 'printf %s "$1" >"$2" && chmod 755 "$2"'
    written = engine.exec(access.container_id, ["sh", "-c", write, "sh", text, path])
    assert written.exit_code == 0, written.error_text
    try:
        yield
    finally:
        engine.exec(access.container_id, ["rm", "-f", path])


def is_run(command: str = ENDLESS) -> bool:
    """Return whether a container on the engine runs the command."""
    client = docker.from_env()
    for container in client.containers.list(ignore_removed=True):
        with suppress(APIError):  # the container may have ended
            processes = container.top(ps_args="-eo pid,args")["Processes"] or []
            if any(args == command for _, args in processes):
                return True
    return False


def runs_on_host(command: str = ENDLESS) -> bool:
    """Return whether a process on this host runs the command.

    BuildKit runs the commands of a Dockerfile in no container that the engine lists.
    """
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # the process may have ended
            if file.read_bytes().split(b"\0")[:-1] == [word.encode() for word in command.split()]:
                return True
    return False


def require_ended(is_running: Callable[[], bool] = is_run) -> None:
    deadline = time.monotonic() + 30
    while is_running():
        assert time.monotonic() < deadline, "the command still runs"
        time.sleep(0.1)

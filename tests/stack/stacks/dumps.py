"""A dump that goes on, one that failed, and tools that lie."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import docker
import pytest
from docker.errors import APIError

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError

# What is here is found before the real ones, since it comes first in PATH.
LIARS = "/usr/local/bin"
HELP = 'case "$*" in *--help*) exec $REAL --help;; esac'


def once(action: Callable[[], object]) -> Callable[[int], None]:
    """Do something when the first bytes of a dump have come, while it goes on."""
    left = [action]
    return lambda _: left and left.pop()()


def dump_processes(access: DatabaseAccess) -> list[str]:
    top = docker.from_env().containers.get(access.container_id).top(ps_args="-eo pid,args")
    return [line[-1] for line in top["Processes"] if "dump" in line[-1]]


def assert_failed(catalogue: Catalogue, reason: str) -> None:
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"
    assert reason in failed.manifest.reason
    assert [path.suffix for path in catalogue.folder.iterdir()] == [".json"]
    with pytest.raises(BackupError, match="no good backup"):
        catalogue.get("latest")


@contextmanager
def lying(
    engine: Engine, access: DatabaseAccess, script: str, tool: str = "mariadb-dump"
) -> Iterator[None]:
    """A tool of the container does what the script says; `$REAL` is the true one."""
    text, liar = f"#!/bin/sh\nREAL=/usr/bin/{tool}\n{HELP}\n{script}", f"{LIARS}/{tool}"
    write = 'printf %s "$1" >"$2" && chmod 755 "$2"'
    made = engine.exec(access.container_id, ["sh", "-c", write, "sh", text, liar])
    assert made.exit_code == 0, made.error_text
    try:
        yield
    finally:
        engine.exec(access.container_id, ["rm", "-f", liar])


def is_run(command: str = "sleep 4242") -> bool:
    """Whether a container on the engine runs it."""
    client = docker.from_env()
    for container in client.containers.list():
        with suppress(APIError):  # it has ended meanwhile
            processes = container.top(ps_args="-eo pid,args")["Processes"] or []
            if any(args == command for _, args in processes):
                return True
    return False


def require_ended() -> None:
    deadline = time.monotonic() + 30
    while is_run():
        assert time.monotonic() < deadline, "the command is still at work"
        time.sleep(0.1)

"""A dump that goes on, and one that failed."""

from __future__ import annotations

from collections.abc import Callable

import docker
import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.catalogue import Catalogue
from cosmicdeploy.errors import BackupError


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

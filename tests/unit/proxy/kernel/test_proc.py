"""Files below a container's /proc are read from this host if the container runs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.kernel import proc
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

FROM_COMMAND = "text from the command"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A host on which app-1 is process 700; the container has two processes."""
    monkeypatch.setattr(proc, "PROC", tmp_path)
    own = tmp_path / "700"
    for name, text in {
        "cgroup": "0::/system.slice/docker-app-1.scope\n",
        "net/tcp": "heading\n",
        "root/proc/1/stat": "1 (sh)\n",
        "root/proc/9/stat": "9 (php)\n",
        "root/proc/self": "not a process\n",
    }.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text)
    return tmp_path


def scripted_engine() -> ScriptedEngine:
    return ScriptedEngine(
        replicas_and_proxy(), {("app-1", "cat"): FROM_COMMAND, ("app-1", "sh"): FROM_COMMAND}
    )


def replica(engine: ScriptedEngine, pid: int) -> Container:
    return replace(engine.containers["app-1"], pid=pid)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("[0-9]*/stat",), "1 (sh)\n9 (php)\n"),
        (("1/stat",), "1 (sh)\n"),
        (("net/tcp", "net/tcp6"), "heading\n"),
    ],
)
def test_files_visible_from_the_host_need_no_command(
    host: Path, stack_of: Callable[..., Any], names: tuple[str, ...], expected: str
) -> None:
    engine = scripted_engine()
    assert proc.read(stack_of(engine), replica(engine, 700), *names).text == expected
    assert engine.commands == []


@pytest.mark.parametrize(
    ("pid", "cgroup"),
    [
        (0, ""),  # the container does not run
        (701, ""),  # no such process on this host
        (700, "0::/user.slice\n"),  # another host's process 700
        (700, "0::/\n"),  # a cgroup that this host does not show
    ],
)
def test_files_of_another_hosts_container_are_read_by_a_command(
    host: Path, stack_of: Callable[..., Any], pid: int, cgroup: str
) -> None:
    if cgroup:
        (host / "700" / "cgroup").write_text(cgroup)
    engine = scripted_engine()
    assert proc.root(replica(engine, pid)) is None
    assert proc.read(stack_of(engine), replica(engine, pid), "1/stat").text == FROM_COMMAND
    assert proc.read(stack_of(engine), replica(engine, pid), "[0-9]*/stat").text == FROM_COMMAND
    assert [argv[0] for _, argv in engine.commands] == ["cat", "sh"]


def test_files_that_the_host_may_not_read_are_read_by_a_command(
    host: Path, stack_of: Callable[..., Any]
) -> None:
    (host / "700" / "root").rename(host / "hidden")
    engine = scripted_engine()
    assert proc.read(stack_of(engine), replica(engine, 700), "1/stat").text == FROM_COMMAND


def test_network_tables_need_no_access_to_the_root_folder(
    host: Path, stack_of: Callable[..., Any]
) -> None:
    """As for a deployer that is not root."""
    (host / "700" / "root").rename(host / "hidden")
    engine = scripted_engine()
    ctx, app = stack_of(engine), replica(engine, 700)
    assert proc.read(ctx, app, "net/tcp", "net/tcp6").text == "heading\n"
    assert engine.commands == []
    (host / "700" / "cgroup").write_text("0::/another-container\n")
    assert proc.read(ctx, app, "net/tcp").text == FROM_COMMAND

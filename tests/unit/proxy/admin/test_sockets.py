"""A command reaches a UNIX socket in a container from the host, or through a program inside."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.admin import sockets
from cosmicdeploy.proxy.admin.rooted import rooted
from cosmicdeploy.proxy.admin.scripts import NO_PROGRAM
from cosmicdeploy.proxy.kernel import proc
from tests.unit.proxy.engine import container

pytestmark = pytest.mark.unit


@contextmanager
def listening(path: Path) -> Iterator[None]:
    """Answer each line on a UNIX socket with the line in upper case."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(5)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(5)


class Local:
    """An engine whose containers' commands run on this machine."""

    def exec(self, _id: str, argv: Sequence[str], **_: object) -> ExecResult:
        done = subprocess.run(argv, check=False, capture_output=True)
        return ExecResult(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def ask(path: str) -> str:
    ctx: Any = SimpleNamespace(engine=Local())
    return sockets.ask_unix(ctx, container("proxy", "172.20.0.9"), path, "show stat")


def test_the_socket_is_found_below_the_containers_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run").symlink_to("/run")
    monkeypatch.setattr(proc, "root", lambda _: tmp_path)
    monkeypatch.chdir(tmp_path)
    with listening(Path("run/a.sock")):
        assert ask("/var/run/a.sock") == "SHOW STAT\n"


def test_a_program_in_the_container_asks_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proc, "root", lambda _: None)
    monkeypatch.chdir(tmp_path)
    with listening(Path("a.sock")):
        assert ask("a.sock") == "SHOW STAT\n"


def test_an_image_without_any_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "root", lambda _: None)
    monkeypatch.setattr(Local, "exec", lambda *_: ExecResult(exit_code=NO_PROGRAM))
    with pytest.raises(EngineError) as raised:
        ask("/run/a.sock")
    assert "add socat, perl or python3" in raised.value.todo


def test_a_link_never_leads_out_of_the_container(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "up").symlink_to("../../../../etc")
    (root / "a" / "absolute").symlink_to("/b")
    (root / "loop").symlink_to("loop")
    assert rooted(root, "/a/up/passwd") == root / "etc" / "passwd"
    assert rooted(root, "/a/absolute/x") == root / "b" / "x"
    assert rooted(root, "/../../x") == root / "x"
    assert rooted(root, "/loop") is None

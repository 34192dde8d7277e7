"""Whether a mounted file differs from what its container has read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.probes.mounted_files.changes import changed_files, remember
from cosmicdeploy.probes.mounted_files.records import FILE_NAME
from cosmicdeploy.proxy.kernel import proc
from tests.unit.infrastructure.shop import Engine, Open, running_engine

pytestmark = pytest.mark.unit

COMPOSE = """\
name: shop
services:
  app: {image: shop/app}
  nginx:
    image: nginx
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf:ro
      - ./conf.d:/etc/nginx/conf.d
      - ./html:/srv/html:ro
      - ./init:/docker-entrypoint-initdb.d
      - ./socket:/run/socket
"""
SETTINGS = "compose_file: compose.yml\nservices: {app: [app], proxy: nginx}\napp: {}\n"
MOUNTS = {
    "nginx.conf": "/etc/nginx/nginx.conf",
    "conf.d": "/etc/nginx/conf.d",
    "html": "/srv/html",
    "init": "/docker-entrypoint-initdb.d",
    "socket": "/run/socket",
}


class Mounted:
    """A proxy whose container has mounted files of a folder, which `start` lets it read."""

    def __init__(self, ctx: Context, engine: Engine, folder: Path) -> None:
        self.ctx, self.engine, self.folder = ctx, engine, folder

    def start(self) -> None:
        self.container = replace(
            self.engine.by_name["shop-nginx-1"],
            started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            mounts={target: str(self.folder / name) for name, target in MOUNTS.items()},
            pid=700,
        )
        self.engine.by_name["shop-nginx-1"] = self.container
        status = (self.folder / "nginx.conf").stat()
        identity = f"{status.st_dev}:{status.st_ino}\n".encode()
        self.engine.answers[("stat",)] = ExecResult(exit_code=0, stdout=identity)

    def changes(self, read_at: float = 0.0) -> list[str]:
        return [str(each) for each in changed_files(self.ctx, "nginx", self.container, read_at)]

    def remember(self, read_at: float = 0.0) -> None:
        remember(self.ctx, {"nginx": (self.container, read_at)})


@pytest.fixture
def mounted(shop: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mounted:
    """The proxy, started with files that were written just before."""
    for name in ("conf.d", "html", "init"):
        (tmp_path / name).mkdir()
    for name in ("nginx.conf", "conf.d/a.conf", "html/index.html", "init/a.sql", "socket"):
        (tmp_path / name).write_text("first")
    own = tmp_path / "700"
    own.mkdir()
    (own / "cgroup").write_text("0::/docker/id-nginx\n")
    monkeypatch.setattr(proc, "PROC", tmp_path)
    (tmp_path / ".cosmicdeploy").mkdir()
    engine = running_engine("db", "pg", "mailer")
    found = Mounted(shop(engine, COMPOSE, SETTINGS), engine, tmp_path)
    _later()
    found.start()
    _later()
    return found


def _later() -> None:
    """Wait for the next tick of the clock that files get their times from."""
    time.sleep(0.02)


Change = Callable[[Path], object]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: None, []),
        (lambda folder: (folder / "nginx.conf").write_text("2"), ["nginx.conf changed"]),
        (lambda folder: (folder / "conf.d/a.conf").write_text("2"), ["conf.d/a.conf changed"]),
        (lambda folder: (folder / "conf.d/b.conf").write_text("2"), ["conf.d/b.conf changed"]),
        (lambda folder: (folder / "html/index.html").write_text("2"), []),
        (lambda folder: (folder / "init/a.sql").write_text("2"), []),
        (lambda folder: os.utime(folder / "nginx.conf", (1, 1)), ["nginx.conf changed"]),
    ],
)
def test_what_was_touched_since_the_start_has_changed(
    mounted: Mounted, change: Change, expected: list[str]
) -> None:
    change(mounted.folder)
    assert mounted.changes() == expected


def test_what_was_read_again_has_not_changed(mounted: Mounted) -> None:
    (mounted.folder / "nginx.conf").write_text("second")
    _later()
    assert mounted.changes(read_at=time.time()) == []
    mounted.remember(read_at=time.time())
    assert mounted.changes() == [], "a run has made it read the files"


def test_a_file_with_the_content_that_was_read_has_not_changed(mounted: Mounted) -> None:
    mounted.remember()
    file = mounted.folder / "nginx.conf"
    file.write_text("second")
    file.write_text("first")
    assert mounted.changes() == []
    mounted.remember()
    file.write_text("second")
    assert mounted.changes() == ["nginx.conf changed"]
    mounted.remember()
    assert mounted.changes() == ["nginx.conf changed"], "it was not read since"


def test_a_file_in_the_place_of_another_is_not_seen(mounted: Mounted) -> None:
    other, file = mounted.folder / "new", mounted.folder / "nginx.conf"
    other.write_text("second")
    other.rename(file)
    mounted.engine.answers[("cat",)] = ExecResult(exit_code=0, stdout=b"first")
    [change] = changed_files(mounted.ctx, "nginx", mounted.container, time.time() + 1)
    assert change.needs_new_container and "still sees the old file" in str(change)
    mounted.engine.answers[("cat",)] = ExecResult(exit_code=0, stdout=b"second")
    assert mounted.changes() == [], "the former has the same content"


def test_a_file_that_is_gone_is_said(mounted: Mounted) -> None:
    mounted.remember()
    (mounted.folder / "nginx.conf").unlink()
    (mounted.folder / "conf.d/a.conf").rename(mounted.folder / "conf.d/b.conf")
    assert mounted.changes() == [
        "nginx.conf is gone from the host: the container still sees the old file",
        "conf.d/b.conf changed",
        "conf.d/a.conf removed",
    ]


def test_files_of_another_host_are_left_out(
    mounted: Mounted, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mounted.folder / "nginx.conf").write_text("second")
    monkeypatch.setattr(proc, "PROC", mounted.folder / "none")
    assert mounted.changes() == []


def test_the_record_holds_no_content_and_no_plain_digest(mounted: Mounted) -> None:
    mounted.remember()
    path = mounted.folder / ".cosmicdeploy" / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    assert "first" not in first
    for damaged in ("{", "[]", '{"key":' * 100_000):
        path.write_text(damaged)
        mounted.remember()
        assert path.read_text() not in (first, damaged), "with a key of its own"


def test_a_restart_makes_a_record_void(mounted: Mounted) -> None:
    mounted.remember()
    (mounted.folder / "nginx.conf").write_text("second")
    _later()
    mounted.start()
    assert mounted.changes() == []
    (mounted.folder / "nginx.conf").write_text("first")
    assert mounted.changes() == ["nginx.conf changed"]

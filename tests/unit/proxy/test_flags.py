"""Files that tell the proxy something are made where the container has them from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy import flag_files, take_in, taken_out
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.stack.model import Mount
from tests.unit.proxy.engine import PROXY, Talking, container

FILE = "/run/out/app-1"
KEY: Final = "proxy.out_of_service"


def proxy(mounts: Mapping[str, str]) -> Any:
    return container("proxy", PROXY, mounts=mounts)


def showing(folder: Path) -> Talking:
    """A container that sees this folder of the host."""
    found = folder.stat()
    return Talking({}, {("proxy", "stat"): f"{found.st_dev}:{found.st_ino}\n"})


def test_a_folder_of_the_host_that_the_container_shows_is_written_there(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    engine = showing(tmp_path)
    ctx, nginx = stack_of(engine), proxy({"/run": str(tmp_path), "/data": ""})
    flag_files.put(ctx, nginx, FILE, KEY)
    flag_files.put(ctx, nginx, FILE, KEY)
    assert (tmp_path / "out/app-1").read_bytes() == b""
    assert flag_files.there(ctx, nginx, [FILE, "/run/out/app-2"]) == [FILE]
    flag_files.take_away(ctx, nginx, FILE, KEY)
    flag_files.take_away(ctx, nginx, FILE, KEY)
    assert flag_files.there(ctx, nginx, [FILE]) == []
    assert [argv[0] for _, argv in engine.said] == ["stat"]


@pytest.mark.parametrize(("shown", "asked"), [("folder", []), ("another", ["stat"])])
def test_what_this_host_shows_of_the_container_is_believed_where_it_is_the_folder(
    stack_of: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    shown: str,
    asked: list[str],
) -> None:
    own, folder = tmp_path / "700", tmp_path / "folder"
    for path in (folder, tmp_path / "another", own / "root" / "proc" / "1"):
        path.mkdir(parents=True)
    (own / "cgroup").write_text("0::/docker/proxy\n")
    (own / "root" / "run").symlink_to(tmp_path / shown)
    monkeypatch.setattr(proc, "PROC", tmp_path)
    engine = showing(folder)
    flag_files.put(stack_of(engine), replace(proxy({"/run": str(folder)}), pid=700), FILE, KEY)
    assert (folder / "out" / "app-1").is_file()
    assert [argv[0] for _, argv in engine.said] == asked


def test_another_user_may_look_for_the_file_whatever_the_umask(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        nginx = proxy({"/run": str(tmp_path)})
        flag_files.put(stack_of(showing(tmp_path)), nginx, FILE, KEY)
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "mounts",
    [
        {},
        {"/run": ""},
        {"/run": "HERE", "/run/out": ""},
        {"/running": "HERE"},
        {"/run": "/not/on/this/host"},
    ],
)
def test_else_it_is_done_from_within(
    stack_of: Callable[..., Any], tmp_path: Path, mounts: Mapping[str, str]
) -> None:
    here = {target: source.replace("HERE", str(tmp_path)) for target, source in mounts.items()}
    assert_from_within(stack_of, showing(tmp_path), here)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_another_one_in_the_container_is_left_alone(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    engine = showing(tmp_path / "elsewhere")
    assert_from_within(stack_of, engine, {"/run": str(tmp_path / "here")})
    assert list((tmp_path / "here").iterdir()) == []


def test_nobody_within_leads_us_to_another_place(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/out").symlink_to(tmp_path / "elsewhere")
    engine = showing(tmp_path / "here")
    assert_from_within(stack_of, engine, {"/run": str(tmp_path / "here")})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def assert_from_within(
    stack_of: Callable[..., Any], engine: Talking, mounts: Mapping[str, str]
) -> None:
    engine.answers[("proxy", "sh")] = f"{FILE}\n"
    ctx, nginx = stack_of(engine), proxy(mounts)
    flag_files.put(ctx, nginx, FILE, KEY)
    flag_files.take_away(ctx, nginx, FILE, KEY)
    assert flag_files.there(ctx, nginx, [FILE, "/run/out/app-2"]) == [FILE]
    changes = [argv for _, argv in engine.said if argv[0] == "sh"]
    assert [argv[-1] for argv in changes] == [FILE, FILE, "/run/out/app-2"]


def test_a_file_that_cannot_be_made_names_the_place_and_the_key(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("in the way")
    nginx = proxy({"/run": str(tmp_path)})
    with pytest.raises(EngineError, match="cannot be changed") as caught:
        flag_files.put(stack_of(showing(tmp_path)), nginx, FILE, "maintenance.file")
    assert str(tmp_path / "out/app-1") == caught.value.where
    assert "`maintenance.file`" in caught.value.todo


def test_where_no_proxy_runs_it_is_found_by_the_compose_file(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    ctx = stack_of(Talking({}))
    ctx.stack.services["proxy"].mounts = (
        Mount(type="bind", source=str(tmp_path), target="/run/out", read_only=False),
    )
    (tmp_path / "app-2").touch()
    assert taken_out(ctx) == ["app-2"]
    take_in(ctx, "app-2")
    assert taken_out(ctx) == []
    assert list(tmp_path.iterdir()) == []

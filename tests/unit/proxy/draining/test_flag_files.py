"""Flag files are created on the host if the container mounts their folder, else within it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.proxy.draining import flag_files
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.stack.model import Mount
from tests.unit.proxy.engine import PROXY, ScriptedEngine, container

FILE = "/run/out/app-1"
KEY: Final = "proxy.out_of_service"


def proxy(mounts: Mapping[str, str]) -> Any:
    return container("proxy", PROXY, mounts=mounts)


def engine_that_sees(folder: Path) -> ScriptedEngine:
    """Return an engine whose proxy sees this folder of the host."""
    found = folder.stat()
    return ScriptedEngine({}, {("proxy", "stat"): f"{found.st_dev}:{found.st_ino}\n"})


def test_files_in_a_mounted_folder_are_written_on_the_host(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    engine = engine_that_sees(tmp_path)
    ctx, nginx = stack_of(engine), proxy({"/run": str(tmp_path), "/data": ""})
    flag_files.create(ctx, nginx, FILE, KEY)
    flag_files.create(ctx, nginx, FILE, KEY)
    assert (tmp_path / "out/app-1").read_bytes() == b""
    assert flag_files.existing(ctx, nginx, [FILE, "/run/out/app-2"]) == [FILE]
    flag_files.remove(ctx, nginx, FILE, KEY)
    flag_files.remove(ctx, nginx, FILE, KEY)
    assert flag_files.existing(ctx, nginx, [FILE]) == []
    assert [argv[0] for _, argv in engine.commands] == ["stat"]


@pytest.mark.parametrize(("mounted", "commands"), [("folder", []), ("another", ["stat"])])
def test_no_command_is_needed_if_the_containers_root_on_the_host_shows_the_folder(
    stack_of: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mounted: str,
    commands: list[str],
) -> None:
    own, folder = tmp_path / "700", tmp_path / "folder"
    for path in (folder, tmp_path / "another", own / "root" / "proc" / "1"):
        path.mkdir(parents=True)
    (own / "cgroup").write_text("0::/docker/proxy\n")
    (own / "root" / "run").symlink_to(tmp_path / mounted)
    monkeypatch.setattr(proc, "PROC", tmp_path)
    engine = engine_that_sees(folder)
    flag_files.create(stack_of(engine), replace(proxy({"/run": str(folder)}), pid=700), FILE, KEY)
    assert (folder / "out" / "app-1").is_file()
    assert [argv[0] for _, argv in engine.commands] == commands


def test_another_user_may_check_the_file_with_any_umask(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        nginx = proxy({"/run": str(tmp_path)})
        flag_files.create(stack_of(engine_that_sees(tmp_path)), nginx, FILE, KEY)
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
def test_without_a_usable_mount_files_are_changed_by_commands_in_the_container(
    stack_of: Callable[..., Any], tmp_path: Path, mounts: Mapping[str, str]
) -> None:
    here = {target: source.replace("HERE", str(tmp_path)) for target, source in mounts.items()}
    assert_changed_by_commands(stack_of, engine_that_sees(tmp_path), here)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_the_container_does_not_see_is_not_written_to(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    engine = engine_that_sees(tmp_path / "elsewhere")
    assert_changed_by_commands(stack_of, engine, {"/run": str(tmp_path / "here")})
    assert list((tmp_path / "here").iterdir()) == []


def test_a_link_that_the_container_created_is_not_followed_out_of_the_folder(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/out").symlink_to(tmp_path / "elsewhere")
    engine = engine_that_sees(tmp_path / "here")
    assert_changed_by_commands(stack_of, engine, {"/run": str(tmp_path / "here")})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def assert_changed_by_commands(
    stack_of: Callable[..., Any], engine: ScriptedEngine, mounts: Mapping[str, str]
) -> None:
    engine.answers[("proxy", "sh")] = f"{FILE}\n"
    ctx, nginx = stack_of(engine), proxy(mounts)
    flag_files.create(ctx, nginx, FILE, KEY)
    flag_files.remove(ctx, nginx, FILE, KEY)
    assert flag_files.existing(ctx, nginx, [FILE, "/run/out/app-2"]) == [FILE]
    changes = [argv for _, argv in engine.commands if argv[0] == "sh"]
    assert [argv[-1] for argv in changes] == [FILE, FILE, "/run/out/app-2"]


def test_the_error_for_a_file_that_cannot_be_created_names_path_and_setting(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("in the way")
    nginx = proxy({"/run": str(tmp_path)})
    with pytest.raises(EngineError, match="Cannot change") as caught:
        flag_files.create(stack_of(engine_that_sees(tmp_path)), nginx, FILE, "maintenance.file")
    assert str(tmp_path / "out/app-1") == caught.value.where
    assert "`maintenance.file`" in caught.value.todo


def test_without_a_running_proxy_the_compose_file_locates_the_flag(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    ctx = stack_of(ScriptedEngine({}))
    ctx.stack.services["proxy"].mounts = (
        Mount(type="bind", source=str(tmp_path), target="/run/out", read_only=False),
    )
    (tmp_path / "app-2").touch()
    assert out_of_service(ctx) == ["app-2"]
    put_in_service(ctx, "app-2")
    assert out_of_service(ctx) == []
    assert list(tmp_path.iterdir()) == []


def test_a_stack_without_a_proxy_has_no_flag_file_on_the_host(
    stack_of: Callable[..., Any],
) -> None:
    ctx = stack_of(ScriptedEngine({}))
    services = ctx.settings.services.model_copy(update={"proxy": None})
    ctx.loaded.settings = ctx.settings.model_copy(update={"services": services})
    assert flag_files.declared_host_path(ctx, FILE) is None

"""Files that tell the proxy something are made where the container has them from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy import flags
from tests.unit.proxy.engine import PROXY, Talking, container

FILE = "/run/out/app-1"


def proxy(mounts: Mapping[str, str]) -> Any:
    return container("proxy", PROXY, mounts=mounts)


def test_a_folder_that_the_container_can_only_read_is_written_on_the_host(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    engine = Talking({})
    ctx, nginx = stack_of(engine), proxy({"/run": str(tmp_path), "/data": ""})
    flags.put(ctx, nginx, FILE, "proxy.out_of_service")
    flags.put(ctx, nginx, FILE, "proxy.out_of_service")
    assert (tmp_path / "out/app-1").read_bytes() == b""
    assert flags.there(ctx, nginx, [FILE, "/run/out/app-2"]) == [FILE]
    flags.take_away(ctx, nginx, FILE, "proxy.out_of_service")
    flags.take_away(ctx, nginx, FILE, "proxy.out_of_service")
    assert flags.there(ctx, nginx, [FILE]) == []
    assert engine.said == []


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
    engine = Talking({}, {("proxy", "sh"): f"{FILE}\n"})
    ctx, nginx = stack_of(engine), proxy(here)
    flags.put(ctx, nginx, FILE, "proxy.out_of_service")
    flags.take_away(ctx, nginx, FILE, "proxy.out_of_service")
    assert flags.there(ctx, nginx, [FILE, "/run/out/app-2"]) == [FILE]
    assert [argv[-1] for _, argv in engine.said] == [FILE, FILE, "/run/out/app-2"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_made_names_the_place_and_the_key(
    stack_of: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(EngineError, match="cannot be changed") as caught:
        flags.put(stack_of(Talking({})), proxy({"/run": str(tmp_path)}), FILE, "maintenance.file")
    assert str(tmp_path / "out/app-1") == caught.value.where
    assert "`maintenance.file`" in caught.value.todo

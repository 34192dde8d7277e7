"""The verification of a stack that has no container yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy import workspace
from tests.unit.shop import EmptyEngine, call, write_stack_files

pytestmark = pytest.mark.unit


class AbsentStack(EmptyEngine):
    """The engine of a stack that was never started: it has no container and no image."""

    def containers(self, *_project: Any, **_options: Any) -> list[Any]:
        return []

    containers_of_folder = containers_of_images = containers


def test_verify_of_an_absent_stack_advises_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", AbsentStack)
    write_stack_files(tmp_path)
    done = call("verify", "--only=containers", "--only=images", "--json")
    assert done.exit_code == 5, done.stderr
    points = {check["point"]: check for check in json.loads(done.stdout)["checks"]}
    assert points["containers"]["found"] == "db: no container; web: no container"
    for name, point in points.items():
        assert not point["ok"], name
        assert "`cosmicdeploy up`" in point["todo"], name

"""An error about a drain file names only what can be changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.draining import drain_files
from tests.unit.proxy.engine import container

pytestmark = pytest.mark.unit


class Refusing:
    """An engine in whose containers no file can be written."""

    def exec(self, _id: str, _argv: object) -> ExecResult:
        return ExecResult(exit_code=1, stderr=b"touch: Permission denied")


@pytest.mark.parametrize(
    ("own_labels", "names_setting"),
    [({}, True), ({labels.DRAIN_CHECK: f"8000 {drain_files.FILE}"}, False)],
)
def test_the_setting_is_named_only_if_it_decides_the_file(
    own_labels: dict[str, str], names_setting: bool
) -> None:
    ctx: Any = SimpleNamespace(engine=Refusing())
    replica = container("app-1", "172.20.0.3", labels=own_labels)
    with pytest.raises(EngineError, match="Cannot change the drain file") as raised:
        drain_files.create(ctx, replica, drain_files.FILE)
    assert ("proxy.drain_file" in raised.value.todo) is names_setting

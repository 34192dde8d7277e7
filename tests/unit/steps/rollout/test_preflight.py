"""What the preflight says of an image that does not work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed
from cosmicdeploy.steps.rollout import preflight
from tests.unit.proxy.engine import container
from tests.unit.settings_of import loaded_of, settings_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("has_database", [True, False])
def test_the_schema_is_named_only_if_the_stack_has_a_database(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, has_database: bool
) -> None:
    monkeypatch.setattr(preflight, "last_log_lines", lambda *_: [])
    sections: dict[str, Any] = {"database": {"name": "shop"}} if has_database else {}
    services: dict[str, Any] = {"app": ("web",), **({"database": "db"} if has_database else {})}
    ctx = replace(ctx, loaded=loaded_of(settings_of(services, **sections)))
    with pytest.raises(CheckFailed, match="no replica was touched") as raised:
        preflight._require_no_problem(ctx, container("web", "172.20.0.1"), "web", "old", "500")
    assert ("schema" in raised.value.what) is has_database
    assert ("migration" in raised.value.todo) is has_database

"""Pending migrations by the console's cached list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.lookup_cache import LookupCache
from cosmicdeploy.run_scope import RunScope
from cosmicdeploy.steps.schema.pending import pending_names_once, unknown_allowed

pytestmark = pytest.mark.unit

RAN, PENDING = "2026_01_01_000001_first", "2026_02_02_000001_second"
STATUS = f"| Yes  | {RAN} | 1     |\n| No   | {PENDING} |       |\n"


def context(told: str | None, *allowed: str) -> Any:
    """One whose console has answered, so that asking it again would be an error."""
    return SimpleNamespace(
        settings=SimpleNamespace(services=SimpleNamespace(app=("web",))),
        image_of=lambda _service: None,
        lookup_cache=LookupCache(migration_status={"": told}),
        run=RunScope(allowed_migrations=frozenset(allowed)),
    )


def test_an_allowed_name_of_no_migration_is_reported() -> None:
    assert unknown_allowed(context(STATUS, PENDING, RAN)) == []
    asked = context(STATUS, PENDING, "2026_02_02_000001_secnod")
    assert unknown_allowed(asked) == ["2026_02_02_000001_secnod"]
    assert pending_names_once(asked) == [PENDING]


def test_without_a_migrations_table_no_name_is_unknown() -> None:
    assert unknown_allowed(context(None, "anything")) == []
    assert pending_names_once(context(None)) is None

"""What is pending, by what the console has said already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.steps.schema.pending import pending_names_once, unknown_allowed

pytestmark = pytest.mark.unit

RAN, PENDING = "2026_01_01_000001_first", "2026_02_02_000001_second"
STATUS = f"| Yes  | {RAN} | 1     |\n| No   | {PENDING} |       |\n"


def context(told: str | None, *allowed: str) -> Any:
    """One whose console has answered, so that asking it again would be an error."""
    return SimpleNamespace(
        settings=SimpleNamespace(services=SimpleNamespace(app=("web",))),
        image_of=lambda _service: None,
        lookup_cache={"migrations of no image": told},
        allowed=frozenset(allowed),
    )


def test_what_is_allowed_and_no_migration_is_told() -> None:
    assert unknown_allowed(context(STATUS, PENDING, RAN)) == []
    asked = context(STATUS, PENDING, "2026_02_02_000001_secnod")
    assert unknown_allowed(asked) == ["2026_02_02_000001_secnod"]
    assert pending_names_once(asked) == [PENDING]


def test_without_a_table_of_migrations_nothing_is_known_of_their_names() -> None:
    assert unknown_allowed(context(None, "anything")) == []
    assert pending_names_once(context(None)) is None

"""Pending migrations, read from the console's cached list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.migrations.frameworks.answers.listing import Answer
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.steps.schema.pending import pending_names_once, unknown_allowed

pytestmark = pytest.mark.unit

RAN, PENDING = "2026_01_01_000001_first", "2026_02_02_000001_second"
STATUS = f"| Yes  | {RAN} | 1     |\n| No   | {PENDING} |       |\n"


def context(status: str | None, *allowed: str) -> Any:
    """Return a context with this cached output of the console, and with no way to ask it again."""
    pending = framework("laravel").definition.pending
    assert pending
    listing = None if status is None else pending.form.listing(Answer(text=status))
    return SimpleNamespace(
        settings=SimpleNamespace(
            services=SimpleNamespace(app=("web",)), migrate=SimpleNamespace(service=None)
        ),
        image_of=lambda _service: None,
        lookup_cache=LookupCache(listed_migrations={"": listing}),
        run=RunScope(allowed_migrations=frozenset(allowed)),
    )


def test_an_allowed_name_that_no_migration_has_is_reported() -> None:
    assert unknown_allowed(context(STATUS, PENDING, RAN)) == []
    misspelt = context(STATUS, PENDING, "2026_02_02_000001_secnod")
    assert unknown_allowed(misspelt) == ["2026_02_02_000001_secnod"]
    assert pending_names_once(misspelt) == [PENDING]


def test_without_a_migrations_table_no_name_is_unknown() -> None:
    assert unknown_allowed(context(None, "anything")) == []
    assert pending_names_once(context(None)) is None

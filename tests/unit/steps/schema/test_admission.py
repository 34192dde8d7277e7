"""A migration that is refused is refused before anything is stopped for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.context.run_scope import RunScope, StepsAhead
from cosmicdeploy.errors import NeedsPerson, Refused
from cosmicdeploy.journal.unfinished.interrupted_migration import BegunMigration
from cosmicdeploy.migrations.frameworks.answers.listing import Listing
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.migrations.preview import Statement
from cosmicdeploy.migrations.verdict import Kind
from cosmicdeploy.steps.base import NotReversible
from cosmicdeploy.steps.containers.maintenance import quiesce
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.schema import admission, first_migrations
from cosmicdeploy.steps.schema.migrate import MigrateStep
from tests.unit.steps.schema.in_memory import Schema, opens

pytestmark = pytest.mark.unit

NAME = "2026_02_02_000001_narrow"
LISTED = Listing(names=(NAME,), pending=(NAME,))
HARMFUL = Statement(migration=NAME, sql="DROP TABLE t", kind=Kind.DESTRUCTIVE, why="drops t")


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Schema:
    schema = Schema()
    monkeypatch.setattr(admission, "open_facts", opens(schema))
    monkeypatch.setattr(first_migrations, "half_done", lambda _: None)
    monkeypatch.setattr(admission, "require_whole", lambda _: None)
    monkeypatch.setattr(admission, "pending_statements", lambda _, names: [HARMFUL for _ in names])
    return schema


def context(listed: Listing | None = LISTED, **run: Any) -> Any:
    """A run on a new image that has a running worker, with the step `migrate` ahead."""
    container = SimpleNamespace(id="w1", image_id="old", is_running=True, is_ready=True)
    ahead = StepsAhead((QuiesceStep(name="quiesce"), MigrateStep(name="migrate")))
    return SimpleNamespace(
        why_no_migrations="",
        framework=framework("laravel"),
        database=lambda: None,
        require_database=lambda: SimpleNamespace(name="shop"),
        container=lambda _: container,
        image_of=lambda _: SimpleNamespace(id="new"),
        lookup_cache=LookupCache(listed_migrations={"new": listed}),
        run=RunScope(steps_ahead=ahead, **run),
        settings=SimpleNamespace(
            migrate=SimpleNamespace(allow=(), service=None),
            services=SimpleNamespace(app=("web",), of=lambda _roles: ("worker",)),
        ),
    )


def quiesce_workers(ctx: Any) -> Any:
    return QuiesceStep(name="quiesce", roles=("worker",)).check(ctx)


def test_no_worker_is_stopped_for_a_migration_that_may_destroy_data(schema: Schema) -> None:
    with pytest.raises(Refused, match="may destroy data"):
        quiesce_workers(context())
    allowed = quiesce_workers(context(allowed_migrations=frozenset({NAME})))
    assert allowed.summary == "stop worker"


def test_no_worker_is_stopped_for_a_schema_without_a_migrations_table(schema: Schema) -> None:
    schema.tables = {"legacy": []}
    with pytest.raises(Refused, match="no migrations table"):
        quiesce_workers(context(listed=None))
    schema.tables = {}
    assert quiesce_workers(context(listed=None)).summary == "stop worker"


def test_no_worker_is_stopped_while_migrations_are_half_done(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    def require_whole(_ctx: Any) -> None:
        raise NeedsPerson("half done", todo="`cosmicdeploy migrate --resolve`")

    monkeypatch.setattr(admission, "require_whole", require_whole)
    with pytest.raises(NeedsPerson, match="half done"):
        quiesce_workers(context())
    first = BegunMigration(before={"applied": [], "objects": []})
    monkeypatch.setattr(first_migrations, "half_done", lambda _: first)
    monkeypatch.setattr(first_migrations, "open_facts", opens(schema))
    assert quiesce_workers(context()).summary == "stop worker", "these are dropped and run again"
    schema.tables = {"users": ["ada"]}
    with pytest.raises(NotReversible, match="rows: users"):
        quiesce_workers(context())


def test_a_plan_leaves_the_question_to_the_step_itself(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiesce, "require_admitted", lambda _: pytest.fail("asked in a plan"))
    assert quiesce_workers(context(is_planning=True)).summary == "stop worker"

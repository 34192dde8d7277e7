"""What the journal has of the schema before migrations ran."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database.bookkeeping import LARAVEL
from cosmicdeploy.journal.unfinished.interrupted_migration import BegunMigration
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.runs.undo import snapshot
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers.one_shot import OneShotStep
from cosmicdeploy.steps.schema import first_migrations, interrupted_migrations, mark_migrated
from cosmicdeploy.steps.schema.undoing.recorded import (
    applied_since,
    keeps_a_table,
    own_tables,
    ran_since,
    recorded_tables,
    was_empty,
)
from tests.unit.journal.journal_writer import Writer
from tests.unit.steps.schema.in_memory import InMemoryFacts, Schema, opens

pytestmark = pytest.mark.unit


def test_a_record_without_a_framework_is_laravels() -> None:
    assert recorded_tables(LARAVEL) == {}
    assert own_tables({}) == {"migrations"}
    assert own_tables(recorded_tables(framework("rails").bookkeeping)) == {
        "schema_migrations",
        "ar_internal_metadata",
    }
    assert keeps_a_table({}) and not keeps_a_table(recorded_tables(None))


def test_only_the_frameworks_own_tables_leave_a_schema_empty() -> None:
    objects = [["TABLE", "schema_migrations"], ["TABLE", "ar_internal_metadata"]]
    before = {"applied": [], "objects": objects, **recorded_tables(framework("rails").bookkeeping)}
    assert was_empty(before)
    assert not was_empty({**before, "bookkeeping": []})
    assert not was_empty({**before, "applied": ["1"]})


def test_a_table_with_the_newest_only_shows_those_before_it() -> None:
    before = {"applied": ["a"], "parents": {"b": ["a"], "c": ["b"], "d": ["c", "x"]}}
    assert applied_since(before, {"c"}) == {"a", "b", "c"}
    assert applied_since(before, {"a"}) == {"a"}
    assert applied_since({"applied": ["a"]}, {"c"}) == {"c"}


def test_what_a_pending_migration_depends_on_may_have_run_before() -> None:
    before = {"applied": ["b"], "names": ["c", "d"], "parents": {"c": ["a", "b"], "d": ["c"]}}
    assert ran_since(before, {"d"}) == {"c", "d"}, "b follows a, which the table does not have"
    assert ran_since(before, {"c"}) == {"c"} and ran_since(before, {"b"}) == set()
    assert ran_since({"applied": ["a"], "names": None}, {"a", "b"}) == {"b"}


@pytest.mark.parametrize("name", ["django", "alembic", "rails", "knex", "prisma"])
def test_first_migrations_of_each_framework_are_undone_by_dropping_what_they_created(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    schema, bookkeeping = Schema(), framework(name).bookkeeping
    assert bookkeeping
    monkeypatch.setattr(first_migrations, "open_facts", opens(schema, bookkeeping))
    ctx: Any = SimpleNamespace(
        database=lambda: None,
        is_new=lambda _service: True,
        say=lambda _text: None,
        settings=SimpleNamespace(services=SimpleNamespace(deployed=("app",))),
    )
    assert first_migrations.is_empty(ctx)
    before = first_migrations.state_before(ctx)
    schema.tables |= {table: ["a row"] for table in bookkeeping.tables}
    schema.tables |= {"users": []}
    assert not first_migrations.is_empty(ctx)
    begun = first_migrations.BegunMigration(before=before, is_own=True)
    assert first_migrations.undo(ctx, begun)
    assert schema.tables == {}


def test_without_a_table_nothing_is_known_to_be_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Schema(tables={"users": ["ada"]})
    monkeypatch.setattr(first_migrations, "open_facts", opens(schema, None))
    ctx: Any = SimpleNamespace(database=lambda: None)
    before = first_migrations.state_before(ctx)
    schema.tables["new"] = []
    begun = first_migrations.BegunMigration(before=before, is_own=True)
    assert not first_migrations.undo(ctx, begun)
    assert schema.tables == {"users": ["ada"], "new": []}


@pytest.mark.parametrize(
    ("name", "migration", "statement", "parameters"),
    [
        ("laravel", "a", "INTO `shop`.`migrations` (`migration`, `batch`)", ("a", 7)),
        ("rails", "2026", "INTO `shop`.`schema_migrations` (`version`)", ("2026",)),
        (
            "django",
            "shop.0001_a",
            "INTO `shop`.`django_migrations` (`app`, `name`, `applied`) VALUES (%s, %s, CURRENT_",
            ("shop", "0001_a"),
        ),
        (
            "knex",
            "a.js",
            "INTO `shop`.`knex_migrations` (`name`, `batch`, `migration_time`) VALUES (%s, %s, CUR",
            ("a.js", 7),
        ),
    ],
)
def test_a_migration_is_recorded_as_run_by_a_row(
    name: str, migration: str, statement: str, parameters: tuple[object, ...]
) -> None:
    known = framework(name)
    facts = InMemoryFacts(Schema(), "shop", known.bookkeeping)  # type: ignore[arg-type]
    row = known.row_of(migration)
    assert row is not None
    sql, values = mark_migrated._insertion(facts, row, known.added_to_row, 7)
    assert statement in sql and tuple(values) == parameters


@pytest.mark.parametrize(
    ("names", "applied", "pending", "is_done"),
    [
        (["b"], {"a", "b"}, ["c"], True),
        (["b"], {"a"}, [], False),
        (["pending"], {"a", "b"}, [], True),  # the table has a name that the list has not
        (["pending"], {"a"}, ["pending"], False),
        (None, {"a"}, [], True),
        (None, {"a"}, ["b"], False),
    ],
)
def test_what_was_pending_without_a_name_is_done_once_nothing_is_pending(
    monkeypatch: pytest.MonkeyPatch,
    names: list[str] | None,
    applied: set[str],
    pending: list[str],
    is_done: bool,
) -> None:
    monkeypatch.setattr(interrupted_migrations, "pending_names", lambda _ctx: pending)
    begun = BegunMigration(before={"applied": [], "names": names})
    ctx: Any = None
    assert interrupted_migrations._all_done(ctx, begun, applied, "digest") is is_done


def test_a_run_of_an_earlier_version_read_a_table_that_no_framework_has_now() -> None:
    schema = Schema(tables={"migrations": ["b", "a"]})
    before = {"schema": "s", "migrations": ["a", "b"]}
    laravel, none = (InMemoryFacts(schema, "shop", each) for each in (LARAVEL, None))  # type: ignore[arg-type]
    assert snapshot._migrations(laravel, None) == ["a", "b"]
    assert snapshot._migrations(none, None) == []
    assert snapshot._migrations(none, before) == ["a", "b"], "nothing differs"
    schema.tables["migrations"].append("c")
    assert snapshot._migrations(laravel, before) == ["a", "b", "c"]


def test_a_service_that_ran_to_its_end_leaves_no_migrations_that_the_step_undoes() -> None:
    step = OneShotStep(name="one-shot")
    containers = {"migrate": None, "seed": None}
    change = Change(summary="", before={"containers": containers, "migrates": "migrate"})
    assert step.kept_after_undo(change) == (
        "what migrate, seed did to data, apart from the migrations of migrate, stays done"
    )
    for earlier in ({}, {"migrates": ""}):
        change = Change(summary="", before={"containers": {"migrate": None}, **earlier})
        assert step.kept_after_undo(change) == "what migrate did to data stays done"


def test_the_journal_accepts_the_record_of_each_framework(tmp_path: Any) -> None:
    before = {
        "applied": ["a"], "schema": "s", "names": ["b"], "bookkeeping": ["alembic_version"],
        "parents": {"b": ["a"]}, "stays_by": "prisma",
    }  # fmt: skip
    journal = Writer(tmp_path / "journal.jsonl").run("a").journal
    step = {"step": "migrate", "step_kind": "migrate", "options": {}, "change": "c"}
    journal.append("intent", **step, before=before)
    begun = first_migrations.interrupted_migration(journal, for_undo=True)
    assert begun and begun.before == before

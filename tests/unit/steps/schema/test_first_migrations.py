"""The first migrations of a schema are undone by dropping what they created, but no other row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine import labels
from cosmicdeploy.journal.interrupted_migration import BegunMigration
from cosmicdeploy.run_scope import RunScope
from cosmicdeploy.steps.base import NotReversible
from cosmicdeploy.steps.schema import first_migrations
from cosmicdeploy.steps.schema.interrupted_migrations import State
from tests.unit.steps.schema.in_memory import InMemoryFacts, Schema, opens

pytestmark = pytest.mark.unit

HALF = {"migrations": ["first"], "users": [], "roles": ["admin"]}


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Schema:
    schema = Schema()
    monkeypatch.setattr(first_migrations, "open_facts", opens(schema))
    return schema


def context(*, has_run: bool = False) -> Any:
    return SimpleNamespace(
        database=lambda: None,
        is_new=lambda _service: not has_run,
        say=lambda _text: None,
        settings=SimpleNamespace(services=SimpleNamespace(deployed=("app",))),
    )


def begun(before: dict[str, Any], done: dict[str, Any] | None = None) -> BegunMigration:
    return BegunMigration(before=before, done=done)


def test_failed_first_migrations_leave_an_empty_schema(schema: Schema) -> None:
    """Also if one of them is half done, and although they have written rows themselves."""
    before = first_migrations.state_before(context())
    schema.tables |= HALF
    schema.others |= {("VIEW", "admins"), ("PROCEDURE", "tidy"), ("EVENT", "nightly")}
    assert first_migrations.undo(context(), begun(before))
    assert (schema.tables, schema.others) == ({}, set())
    assert first_migrations.undo(context(), begun(before)), "an undo may be repeated"


def test_a_bookkeeping_table_that_existed_stays(schema: Schema) -> None:
    schema.tables = {"migrations": []}
    before = first_migrations.state_before(context())
    schema.tables |= {"users": []}
    assert first_migrations.undo(context(), begun(before))
    assert schema.tables == {"migrations": []}


def test_tables_that_are_older_than_the_migrations_stay(schema: Schema) -> None:
    schema.tables = {"legacy": ["row"]}
    before = first_migrations.state_before(context())
    schema.tables |= {"users": []}
    assert not first_migrations.undo(context(), begun(before)), "legacy may have been changed"
    assert schema.tables == {"legacy": ["row"]}


def test_rows_are_kept_if_the_application_has_ever_run(schema: Schema) -> None:
    before = first_migrations.state_before(context())
    schema.tables |= HALF
    with pytest.raises(NotReversible, match="rows: roles") as raised:
        first_migrations.undo(context(has_run=True), begun(before))
    assert schema.tables == HALF
    assert "`cosmicdeploy migrate --resolve`" in raised.value.todo


def test_a_failure_after_the_first_migrations_undoes_what_no_client_has_changed(
    schema: Schema,
) -> None:
    before = first_migrations.state_before(context())
    schema.tables |= HALF
    facts = InMemoryFacts(schema, "shop")  # type: ignore[arg-type]
    done = {"contents": first_migrations.contents_after(facts, before)}
    schema.tables["users"] = ["ada"]
    with pytest.raises(NotReversible, match="rows: users \\("):
        first_migrations.undo(context(), begun(before, done))
    schema.tables["users"] = []
    assert first_migrations.undo(context(has_run=True), begun(before, done))
    assert schema.tables == {}


@pytest.mark.parametrize("done", [{}, {"contents": {}}])
def test_without_a_record_of_their_contents_tables_with_rows_stay(
    schema: Schema, done: dict[str, Any]
) -> None:
    before = first_migrations.state_before(context())
    schema.tables |= HALF
    with pytest.raises(NotReversible, match="rows: roles"):
        first_migrations.undo(context(), begun(before, done))


def test_a_row_that_is_written_at_the_last_moment_is_kept(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = first_migrations.state_before(context())
    schema.tables |= {"users": [], "migrations": []}
    execute = schema.execute

    def write_before_the_lock(sql: str, *parameters: object) -> None:
        if sql.startswith("LOCK TABLES"):
            schema.tables["users"].append("ada")
        execute(sql, *parameters)

    monkeypatch.setattr(schema, "execute", write_before_the_lock)
    with pytest.raises(NotReversible):
        first_migrations.undo(context(has_run=True), begun(before))
    assert schema.tables["users"] == ["ada"]
    assert schema.locked == set()


def test_an_interrupted_command_is_waited_for_before_its_tables_are_dropped(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may still complete the migrations."""
    before = first_migrations.state_before(context())
    monkeypatch.setattr(first_migrations, "interrupted_migration", lambda _: begun(before))
    monkeypatch.setattr(
        first_migrations, "compare_with_schema", lambda *_: SimpleNamespace(state=State.BROKEN)
    )
    marked = {labels.MARKER: labels.RUN}
    running = SimpleNamespace(id="c", name="migrate", labels=marked, is_active=True)
    waited: list[str] = []
    ctx = context()
    ctx.journal, ctx.stack = None, SimpleNamespace(project="p")
    ctx.settings.migrate = SimpleNamespace(timeout=9)
    ctx.engine = SimpleNamespace(
        leftovers=lambda _: [running],
        wait_until_ended=lambda container, _: waited.append(container),
    )
    ctx.run = RunScope(is_plan_only=True)
    assert (first_migrations.half_done(ctx), waited) == (None, [])
    ctx.run = RunScope()
    assert first_migrations.half_done(ctx) == begun(before)
    assert waited == ["c"]


def test_later_migrations_are_left_to_their_down_migrations(schema: Schema) -> None:
    schema.tables = {"migrations": ["first"]}
    before = first_migrations.state_before(context())
    assert "objects" not in before
    assert not first_migrations.undo(context(), begun(before))


def test_a_record_of_an_earlier_version_drops_nothing(schema: Schema) -> None:
    schema.tables |= {"users": []}
    monkey = {"applied": [], "schema": "s"}
    schema.rows = lambda _sql, *_: [(0,)]  # type: ignore[method-assign]
    assert not first_migrations.undo(context(), begun(monkey))
    assert schema.tables == {"users": []}

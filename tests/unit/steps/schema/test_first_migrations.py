"""The first migrations of a schema are undone by dropping what they created, but no other row."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.engine import labels
from cosmicdeploy.journal.unfinished.interrupted_migration import (
    BegunMigration,
    interrupted_migration,
)
from cosmicdeploy.steps.base import NotReversible
from cosmicdeploy.steps.schema import first_migrations
from cosmicdeploy.steps.schema.interrupted_migrations import (
    MigrationProgress,
    State,
    half_done_error,
)
from tests.unit.journal.journal_writer import Writer
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


def begun(
    before: dict[str, Any], done: dict[str, Any] | None = None, *, is_own: bool = True
) -> BegunMigration:
    return BegunMigration(before=before, done=done, is_own=is_own)


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


def test_down_migrations_come_first_where_older_tables_may_have_been_changed(
    schema: Schema,
) -> None:
    """They need the tables: one may drop a column that a later migration had added."""
    schema.tables = older = {"legacy": ["row"], "migrations": []}
    before = first_migrations.state_before(context())
    schema.tables = {**older, "users": [], "half": []}
    assert not first_migrations.undo(context(), begun(before)), "legacy may have been changed"
    assert schema.tables == {**older, "users": [], "half": []}
    del schema.tables["users"]
    first_migrations.drop_rest(context(), begun(before))
    assert schema.tables == older
    schema.tables["users"] = ["ada"]
    with pytest.raises(NotReversible, match="rows: users"):
        first_migrations.undo(context(has_run=True), begun(before))
    progress = MigrationProgress(begun=begun(before), state=State.BROKEN)
    assert "`cosmicdeploy deploy` drops" not in half_done_error(progress).todo


def test_nothing_is_dropped_if_the_migrations_are_recorded_elsewhere(schema: Schema) -> None:
    """They may not have been the first, and a table that is dropped would count as migrated."""
    schema.tables = {"legacy": [], "shop_migrations": []}
    before = first_migrations.state_before(context())
    schema.tables |= {"users": []}
    schema.rows = lambda _sql, *_: [(0,)]  # type: ignore[method-assign]
    assert not first_migrations.undo(context(), begun(before))
    first_migrations.drop_rest(context(), begun(before))
    assert "users" in schema.tables


def test_after_a_kill_no_row_is_the_migrations_for_sure(schema: Schema) -> None:
    """An operator may have imported them, or have removed the containers that wrote them."""
    before = first_migrations.state_before(context())
    schema.tables |= HALF
    killed = begun(before, is_own=False)
    for drop in (first_migrations.undo, first_migrations.to_drop, first_migrations.drop_created):
        with pytest.raises(NotReversible, match="rows: roles") as raised:
            drop(context(), killed)
        assert "drop these tables; then run the same command again" in raised.value.todo
    assert schema.tables == HALF
    schema.tables["roles"] = []
    assert first_migrations.to_drop(context(), killed) == [
        "table migrations", "table roles", "table users",
    ]  # fmt: skip
    assert first_migrations.undo(context(), killed)


def test_only_a_run_that_began_the_migrations_itself_may_drop_their_rows(tmp_path: Path) -> None:
    before = {"applied": [], "schema": "s", "objects": []}
    step = {"step": "migrate", "step_kind": "migrate", "options": {}, "change": "c"}
    journal = Writer(tmp_path / "journal.jsonl").run("a").journal
    journal.append("intent", **step, before=before)
    mine = interrupted_migration(journal, for_undo=True)
    other = interrupted_migration(journal.of_run("b"), for_undo=True)
    journal.append("intent", **step, before={**before, "again": True})
    again = interrupted_migration(journal, for_undo=True)
    assert [each and each.is_own for each in (mine, other, again)] == [True, False, False]


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

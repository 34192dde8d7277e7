"""Which runs in the journal are unfinished, and what their changes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.journal.unfinished.interrupted_migration import interrupted_migration
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.steps.schema.migrate_down import backup_before
from tests.unit.journal.journal_writer import Writer

pytestmark = pytest.mark.unit


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "journal.jsonl")


def test_a_run_that_succeeded_is_over(writer: Writer) -> None:
    assert writer.unfinished() == []
    assert writer.run("a").done("build").unfinished() == ["a"]
    assert writer.end("success", resolves=[]).unfinished() == []


def test_a_run_is_over_once_all_its_changes_are_undone(writer: Writer) -> None:
    writer.run("a").done("build").end("failed", error="x").undone("build")
    assert writer.unfinished() == ["a"]
    assert writer.end("ended", whole=True, resolves=[]).unfinished() == []


def test_a_run_whose_undo_failed_is_not_over(writer: Writer) -> None:
    writer.run("a").done("build").end("failed", error="x").end("ended", whole=False, resolves=[])
    assert writer.unfinished() == ["a"]


def test_a_run_that_succeeds_ends_the_runs_that_it_resumed(writer: Writer) -> None:
    writer.run("a").done("build").run("b").done("rollout")
    assert writer.unfinished() == ["a", "b"]
    assert writer.end("success", resolves=["a"]).unfinished() == []


def test_a_run_that_changed_nothing_leaves_the_earlier_one_open(writer: Writer) -> None:
    writer.run("a").done("build").run("b").end("ended", whole=True)
    assert writer.unfinished() == ["a"]


def test_the_current_run_is_left_out(writer: Writer) -> None:
    writer.run("a").intent("build")
    assert unfinished(writer.journal) == []
    assert [run.id for run in unfinished(writer.journal, own=True)] == ["a"]


def test_a_rollback_is_over_once_clients_were_let_in(writer: Writer) -> None:
    writer.run("a", "rollback", "b1").done("restore").intent("resume")
    assert writer.unfinished() == ["a"]
    writer.journal.append("done", step="resume", step_kind="resume", facts={})
    assert writer.end("failed", error="x").unfinished() == []


def test_an_undone_step_is_not_undone_again(writer: Writer) -> None:
    writer.run("a").done("build").intent("rollout").end("failed", error="x").undone("rollout")
    (run,) = unfinished(writer.journal, own=True)
    assert ([i.kind for i in run.intents], run.failed) == (["build"], True)


def test_the_description_names_the_interrupted_step(writer: Writer) -> None:
    writer.run("a").done("build").intent("rollout")
    (run,) = unfinished(writer.journal, own=True)
    assert "release 2 by me" in run.description() and run.description().endswith("in rollout")


def test_a_migration_is_open_until_its_run_is_over(writer: Writer) -> None:
    writer.run("a").done("backup", backup="b1").intent("migrate")
    journal = writer.journal.of_run("")
    begun = interrupted_migration(journal)
    assert begun is not None and (begun.backup, begun.done, begun.failed) == ("b1", None, False)
    writer.end("failed", error="x").run("b").end("ended", whole=True)
    begun = interrupted_migration(journal)
    assert begun is not None and begun.failed
    writer.run("c", "rollback", "b1").done("restore").end("success", resolves=["a"])
    assert interrupted_migration(journal) is None


def test_a_migration_that_succeeded_is_not_open(writer: Writer) -> None:
    writer.run("a").done("migrate", schema="t")
    assert interrupted_migration(writer.journal.of_run("")) is None
    assert interrupted_migration(writer.end("failed", error="x").journal.of_run("")) is not None
    assert interrupted_migration(writer.undone("migrate").journal.of_run("")) is None


def test_a_repaired_schema_is_neither_undone_nor_compared(writer: Writer) -> None:
    writer.run("a").done("build").intent("migrate").end("failed", error="x")
    writer.journal.of_run("").append("resolved", who="me", schema="u")
    assert interrupted_migration(writer.journal.of_run("")) is None
    (run,) = unfinished(writer.journal.of_run(""))
    assert [i.kind for i in run.intents] == ["build"]
    assert run.state["schema"] is None, "the schema is no longer compared"


def test_an_interrupted_down_migration_has_the_rollbacks_own_backup(writer: Writer) -> None:
    writer.run("a").done("backup", backup="older")
    writer.run("b", "rollback --migration", "older").done("backup", backup="newest")
    assert backup_before(writer.journal) == "newest"


def test_a_first_record_that_is_repeated_hides_nothing(writer: Writer) -> None:
    writer.run("a").intent("rollout").run("a")
    (run,) = unfinished(writer.journal, own=True)
    assert [intent.kind for intent in run.intents] == ["rollout"]
    assert "some of its changes are unknown" in run.description()


def test_a_first_record_after_its_intents_hides_nothing(writer: Writer) -> None:
    writer.journal = writer.journal.of_run("a")
    writer.intent("rollout").run("a")
    (run,) = unfinished(writer.journal, own=True)
    assert [intent.kind for intent in run.intents] == ["rollout"]
    assert run.lost_records


def test_a_line_with_a_repeated_key_ends_no_run(writer: Writer) -> None:
    writer.run("a").intent("rollout").run("b").end("success", resolves=[])
    with writer.journal.path.open("a") as file:
        at = "2026-03-01T12:00:00+01:00"
        file.write(f'{{"at": "{at}", "run": "a", "kind": "failed", "kind": "success"}}\n')
    (run,) = unfinished(writer.journal, own=True)
    assert (run.id, [intent.kind for intent in run.intents]) == ("a", ["rollout"])
    assert "cannot be read" in run.description()

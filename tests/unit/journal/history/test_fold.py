"""The entry of a run holds what the journal's records say of it, whichever version wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.history.fold import WINDOW, entries
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from tests.unit.journal.history.recorded import BACKUP, ORIGIN, Recorded

pytestmark = pytest.mark.unit


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def only(recorded: Recorded) -> RunEntry:
    [entry] = entries(recorded.journal.records())
    return entry


def test_a_run_that_succeeded(recorded: Recorded) -> None:
    run = only(recorded.success())
    assert (run.outcome, run.seconds, run.placed_release) == ("changed", 6.0, "2")
    assert (run.who, run.host, run.backup) == ("ops@kiosk-1", "kiosk-1", BACKUP)
    assert run.origin is not None and run.origin.model_dump() == ORIGIN
    assert list(run.changed) == ["backup", "migrate", "rollout"]
    assert not run.is_undone and run.failing_step is None


def test_a_run_that_failed_and_was_undone(recorded: Recorded) -> None:
    run = only(recorded.failure())
    assert (run.outcome, run.is_undone, run.release, run.placed_release) == (
        "failed",
        True,
        "2",
        "1",
    )
    assert run.failing_step is not None and run.failing_step.name == "rollout"
    assert [run.after(run.failed_at), run.after(run.ended_at)] == [4.0, 5.5]
    assert run.summary is not None and run.summary.error is not None
    assert run.summary.error.output == ["starting web-1", "waiting for web-1"]


def test_a_run_of_an_earlier_version_has_no_origin_and_its_times_are_those_of_records(
    recorded: Recorded,
) -> None:
    run = only(recorded.earlier())
    assert (run.origin, run.summary, run.outcome) == (None, None, "changed")
    assert (run.host, run.seconds, run.backup) == ("kiosk-1", 6.0, BACKUP)
    assert [(s.name, s.outcome, s.began, s.ended) for s in run.steps] == [
        ("backup", "changed", 0.4, 1.0),
        ("rollout", "changed", 2.0, 5.2),
    ]


def test_a_killed_run_is_unfinished_until_a_later_run_ends_it(recorded: Recorded) -> None:
    run = only(recorded.killed())
    assert (run.outcome, run.seconds) == ("unfinished", None)
    assert [step.outcome for step in run.steps] == ["changed", "begun"]
    recorded.begin("eeee5555")
    recorded.add("success", 3, "eeee5555", resolves=["dddd4444"])
    killed, later = entries(recorded.journal.records())
    assert (killed.resolved_by, later.resolves) == ("eeee5555", ["dddd4444"])


def test_a_step_that_a_failed_run_of_an_earlier_version_undid(recorded: Recorded) -> None:
    recorded.begin("r1")
    recorded.done("r1", "migrate", 1, 2)
    recorded.intent("r1", "rollout", 2)
    recorded.add("failed", 3, "r1", error="it broke")
    recorded.add("undone", 4, "r1", step="rollout", step_kind="rollout")
    recorded.add("undone", 4, "r1", step="migrate", step_kind="migrate")
    recorded.add("ended", 5, "r1", whole=False)
    run = only(recorded)
    assert [(s.name, s.outcome) for s in run.steps] == [
        ("migrate", "undone"),
        ("rollout", "failed"),
    ]
    assert (run.end, run.failure, run.outcome) == ("not undone", "it broke", "failed")


@pytest.mark.parametrize("origin", [None, 7, [], {"host": 1}, {"git": {"commit": None}}])
def test_a_damaged_origin_is_unknown_and_the_run_stays_readable(
    recorded: Recorded, origin: object
) -> None:
    recorded.begin("r1", origin=origin, releases="2")
    run = only(recorded)
    assert run.origin is None and run.releases_before == {} and run.command == "deploy"
    assert [each.id for each in unfinished(recorded.journal)] == ["r1"]


def test_a_brief_entry_lacks_what_a_list_does_not_show(recorded: Recorded) -> None:
    recorded.success()
    [run] = entries(recorded.journal.records(), brief=True)
    assert run.summary is not None and run.summary.requests is not None
    assert run.summary.series is None and run.summary.phases == []
    assert all(step.facts == {} for step in run.steps) and run.backup == BACKUP


def test_only_so_many_entries_are_in_memory_at_a_time() -> None:
    at = "2026-11-30T09:34:00+01:00"
    ended = ({"kind": "success", "run": f"r{n}", "at": at} for n in range(3 * WINDOW))
    folded = entries(ended)
    first = [next(folded).id for _ in range(3)]
    assert first == ["r0", "r1", "r2"]
    left = next(ended)
    assert left["run"] == f"r{WINDOW + 3}"  # no more records were read than needed

"""The entry of a run holds what the journal's records say of it, whichever version wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.history.fold import WINDOW, entries
from cosmicdeploy.journal.unfinished.interrupted_run import UNKNOWN
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


def test_an_error_after_the_success_undoes_nothing(recorded: Recorded) -> None:
    recorded.begin("r1")
    recorded.done("r1", "rollout", 1, 2)
    recorded.add("success", 3, "r1", resolves=[])
    recorded.add("ended", 4, "r1", whole=True)  # what follows the steps has failed
    recorded.add("summary", 4, "r1", outcome="failed", exit_code=1, seconds=4.0)
    run = only(recorded)
    assert (run.outcome, run.end, run.is_undone, run.failed_late) == (
        "failed",
        "success",
        False,
        True,
    )
    assert [(step.name, step.outcome) for step in run.steps] == [("rollout", "changed")]


def test_a_record_outside_of_a_run_can_end_one(recorded: Recorded) -> None:
    recorded.killed().add("unwound", 9, "", resolves=["dddd4444"])
    assert only(recorded).resolved_by == UNKNOWN


def test_a_run_has_all_that_it_ended(recorded: Recorded) -> None:
    recorded.killed("r1").killed("r2").begin("r3")
    recorded.add("unwound", 1, "r3", resolves=["r1"])
    recorded.add("success", 2, "r3", resolves=["r1", "r2"])
    *_, last = entries(recorded.journal.records())
    assert last.resolves == ["r1", "r2"]


def test_a_brief_entry_lacks_what_a_list_does_not_show(recorded: Recorded) -> None:
    recorded.success()
    [run] = entries(recorded.journal.records(), brief=True)
    assert run.summary is not None and run.summary.requests is not None
    assert run.summary.series is None and run.summary.phases == []
    assert all(step.facts == {} for step in run.steps) and run.backup == BACKUP
    recorded.done("aaaa1111", "build", 1, 2, images={"web": "sha256:1"}, backup="b1")
    [run] = entries(recorded.journal.records(), brief=True)
    assert run.begun[-1].facts == {"backup": "b1"}


def test_only_so_many_entries_are_in_memory_at_a_time() -> None:
    at = "2026-11-30T09:34:00+01:00"
    ended = ({"kind": "success", "run": f"r{n}", "at": at} for n in range(3 * WINDOW))
    folded = entries(ended)
    first = [next(folded).id for _ in range(3)]
    assert first == ["r0", "r1", "r2"]
    left = next(ended)
    assert left["run"] == f"r{WINDOW + 3}"  # no more records were read than needed


def test_an_interrupted_run_waits_for_its_end(recorded: Recorded) -> None:
    recorded.killed("old")
    for number in range(WINDOW + 5):
        recorded.add("success", 1, f"r{number}")
    recorded.begin("abort", "deploy --abort")
    recorded.add("undone", 1, "old", step="rollout", step_kind="rollout")
    recorded.add("unwound", 2, "abort", resolves=["old"])
    old = [run for run in entries(recorded.journal.records()) if run.id == "old"]
    assert [(run.command, run.resolved_by) for run in old] == [("deploy", "abort")]


def test_interrupted_runs_without_an_end_are_bounded_too() -> None:
    at = "2026-11-30T09:34:00+01:00"
    folded = entries({"kind": "failed", "run": f"r{n}", "at": at} for n in range(2 * WINDOW))
    assert next(folded).id == "r0" and len(list(folded)) == 2 * WINDOW - 1

"""A row of the year is wrong if outcome, exit codes, image, state or lost requests are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.deploy.load import BEAT, KEPT_CONNECTIONS
from benchmarks.deploy.requests import Request
from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year.attempt import Attempt
from tests.year.catalogue import SCENARIOS
from tests.year.judge import State, image_after, judged
from tests.year.result import Row
from tests.year.scenario import Image

pytestmark = pytest.mark.unit

OLD, NEW = frozenset({"sha256:old"}), frozenset({"sha256:new"})
END = 100.0


def request(
    due: float, status: int = 200, *, kept: bool = False, path: str = "/api/health"
) -> Request:
    return Request(due=due, start=due, end=due, status=status, kept=kept, path=path)


def judge(
    name: str,
    *lost: Request,
    codes: tuple[int, ...] = (0,),
    after: State | None = None,
    **report: Any,
) -> Row:
    """Judge a scenario whose last command ended at `END`."""
    attempt = Attempt(
        StrangersLaravel(Path()),
        codes=list(codes),
        report={"outcome": "changed", "seconds": END, "steps": [], **report},
        ended_at=END,
    )
    before = State(snapshot={"tag": "old"}, images=OLD)
    after = after or State(snapshot={"tag": "new"}, images=NEW)
    requests = [request(due) for due in range(10)]
    return judged(SCENARIOS[name], attempt, [*requests, *lost], (before, after), OLD)


def test_a_deploy_that_loses_nothing_is_right() -> None:
    row = judge("plain release")
    assert row.wrong == () and row.is_right
    assert (row.outcome, row.codes, row.sent, row.lost) == ("changed", (0,), 10, 0)
    assert row.image is Image.NEW


def test_each_kind_of_lost_request_is_named() -> None:
    row = judge("plain release", request(5, 502), request(6, 502), request(7, 0, kept=True))
    assert row.lost == 3
    assert list(row.wrong) == [
        "lost: 2 × /api/health, new: 502",  # noqa: RUF001
        "lost: 1 × /api/health, kept alive: 0",  # noqa: RUF001
    ]


def test_another_outcome_exit_code_or_image_is_wrong() -> None:
    same = State(snapshot={"tag": "old"}, images=OLD)
    error = {"what": "It broke", "details": ["the last line"]}
    row = judge("plain release", codes=(1,), after=same, outcome="failed", error=error)
    assert list(row.wrong) == [
        "the outcome is failed, not changed (It broke / the last line)",
        "exit code 1, not 0 (It broke / the last line)",
        "the image after is the one before",
    ]


def test_a_failed_deploy_has_to_leave_the_state_as_it_was() -> None:
    left = State(snapshot={"tag": "new"}, images=OLD)
    row = judge("broken health", codes=(1,), after=left, outcome="failed")
    assert list(row.wrong) == ["not as before: tag"]


ROLLBACK, RELOAD = "rollback of the data", "changed nginx file"
SAME = State(snapshot={}, images=OLD)


def losses(row: Row) -> list[str]:
    """Return what is wrong with the lost requests alone."""
    return [each for each in row.wrong if "lost" in each]


@pytest.mark.parametrize(("announced", "is_right"), [(20.0, True), (5.0, False)])
@pytest.mark.parametrize("kept", [False, True])
def test_an_outage_may_be_as_long_as_announced(
    announced: float, is_right: bool, kept: bool
) -> None:
    lost = [request(due, 0, kept=kept) for due in range(10, 31) for _ in range(3)]
    row = judge(ROLLBACK, *lost, turned_away_seconds=announced)
    late = 3 * 10
    says = f"{late} requests were lost on kept connections, 20 may be"
    expected = says if kept else f"lost: {late} × /api/health, new: 0"  # noqa: RUF001
    assert losses(row) == ([] if is_right else [expected])


def test_each_kept_connection_may_be_closed_once_and_no_oftener() -> None:
    late = [request(END + number / 10, 0, kept=True) for number in range(KEPT_CONNECTIONS)]
    assert judge(RELOAD, *late, after=SAME).is_right
    once_more = judge(RELOAD, *late, request(50, 0, kept=True), after=SAME)
    assert losses(once_more) == ["21 requests were lost on kept connections, 20 may be"]
    row = judge("changed Redis image", late[0], codes=(0, 0))
    assert losses(row) == ["lost: 1 × /api/health, kept alive: 0"]  # noqa: RUF001


def test_new_connections_may_fail_only_in_an_announced_outage() -> None:
    row = judge(ROLLBACK, request(50, 502))
    assert losses(row) == ["lost: 1 × /api/health, new: 502"]  # noqa: RUF001
    gap = [{"service": "redis", "seconds": 2.0}]
    assert not losses(judge("changed Redis image", request(50, 502), gaps=gap))
    assert losses(judge("changed Redis image", request(END + 1, 502), gaps=gap))
    assert losses(judge(RELOAD, request(50, 502), after=SAME, gaps=gap)), "a reload has no gap"


def test_a_request_that_is_lost_before_the_announced_time_is_not_excused() -> None:
    """The announced time begins in the step that keeps clients out, after 40 s of checks."""
    steps = [
        {"kind": "services", "outcome": "unchanged", "seconds": 10.0},
        {"kind": "load", "outcome": "changed", "seconds": 30.0},
        {"kind": "quiesce", "outcome": "changed", "seconds": 5.0},
        {"kind": "restore", "outcome": "changed", "seconds": 9.0},
    ]
    lost = [request(due, 0) for due in (45, 50, 55, 60)]
    assert judge(ROLLBACK, *lost, turned_away_seconds=20.0, steps=steps).wrong == (
        judge(ROLLBACK, turned_away_seconds=20.0).wrong
    )
    row = judge(ROLLBACK, request(39, 0), *lost, turned_away_seconds=20.0, steps=steps)
    assert losses(row) == ["lost: 1 × /api/health, new: 0"]  # noqa: RUF001


def test_a_crashing_release_may_lose_what_its_replicas_have_in_hand() -> None:
    lost = [request(50 + number, 502, kept=number % 2 == 0) for number in range(15)]
    assert not losses(judge("crash at 18 s", *lost))
    row = judge("crash at 18 s", *lost, request(70, 502))
    assert losses(row) == ["16 requests were lost until the end, 15 may be"]
    assert losses(judge("crash at 18 s", request(END + 1, 502)))


def test_a_broken_release_may_lose_only_the_heartbeats_that_it_answers_with_500() -> None:
    hotfix = "hotfix over a broken release"
    beats = [request(50 + number / 10, 500, path=BEAT) for number in range(100)]
    assert judge(hotfix, *beats).is_right
    for other in (
        request(50, 500),
        request(50, 502, path=BEAT),
        request(50, 0, kept=True, path=BEAT),
        request(END + 1, 500, path=BEAT),
    ):
        assert len(losses(judge(hotfix, *beats, other))) == 1, other


@pytest.mark.parametrize(
    ("after", "image"),
    [
        ({"b"}, Image.OLD),
        ({"a"}, Image.EARLIER),
        ({"c"}, Image.NEW),
        ({"b", "c"}, Image.MIXED),
        ({"c", "d"}, Image.MIXED),
        (set(), Image.MIXED),
    ],
)
def test_the_image_after_is_told_by_all_containers(after: set[str], image: Image) -> None:
    assert image_after(frozenset("b"), frozenset(after), frozenset("a")) is image

"""A row of the year is wrong if outcome, exit codes, image, state or lost requests are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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


def request(due: float, status: int = 200, *, kept: bool = False) -> Request:
    return Request(due=due, start=due, end=due, status=status, kept=kept, path="/api/health")


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
        report={"outcome": "changed", **report},
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


@pytest.mark.parametrize(("announced", "is_right"), [(20.0, True), (5.0, False)])
def test_an_outage_may_be_as_long_as_announced(announced: float, is_right: bool) -> None:
    lost = [request(due, 0) for due in (10.0, 30.0)]
    row = judge("rollback of the data", *lost, turned_away_seconds=announced)
    assert [each for each in row.wrong if "announced" in each] == (
        [] if is_right else ["requests were lost for 20.0 s, 5.0 s were announced"]
    )


def test_kept_connections_may_notice_an_announced_outage_late() -> None:
    late = request(END + 1, 0, kept=True)
    assert judge("changed nginx file", late, after=State(snapshot={}, images=OLD)).is_right


def test_new_connections_may_fail_only_in_an_announced_outage() -> None:
    after = State(snapshot={}, images=OLD)
    row = judge("changed nginx file", request(50, 502), after=after)
    assert list(row.wrong) == [
        "lost, and no outage was announced: 1 × /api/health, new: 502"  # noqa: RUF001
    ]
    gap = [{"service": "redis", "seconds": 2.0}]
    assert judge("changed nginx file", request(50, 502), after=after, gaps=gap).is_right
    row = judge("changed nginx file", request(END + 1, 502), after=after, gaps=gap)
    assert list(row.wrong) == ["lost after the end: 1 × /api/health, new: 502"]  # noqa: RUF001


def test_a_broken_release_may_lose_requests_until_its_fix_is_in_place() -> None:
    assert judge("hotfix over a broken release", request(50, 500)).is_right
    assert not judge("hotfix over a broken release", request(END + 1, 500)).is_right


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

"""Which release each replica ran over the time of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.journal.history.runs import find_run
from cosmicdeploy.report.page.sections.releases import release_spans, services_of
from tests.unit.journal.history.recorded import Recorded, phase

pytestmark = pytest.mark.unit
Spans = list[tuple[float, float, str | None]]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def spans(recorded: Recorded, service: str = "web-1") -> Spans:
    run = find_run(recorded.journal, "latest")
    return [(each.began, each.ended, each.release) for each in release_spans(run, service)]


def success(recorded: Recorded, *phases: dict[str, Any]) -> Recorded:
    return recorded.success(phases=list(phases))


def test_stop_first_has_a_time_without_a_ready_container(recorded: Recorded) -> None:
    assert spans(recorded.success()) == [(0, 2.2, "1"), (2.2, 3.6, None), (3.6, 6, "2")]


def test_start_first_has_none(recorded: Recorded) -> None:
    own = [phase("web-1", "create", 1, 2), phase("web-1", "start", 2, 3)]
    own += [phase("web-1", "healthy", 3, 4), phase("web-1", "drain", 4, 5)]
    assert spans(success(recorded, *own)) == [(0, 4, "1"), (4, 6, "2")]


def test_a_failed_replica_gets_its_release_back(recorded: Recorded) -> None:
    assert spans(recorded.failure()) == [
        (0, 2.2, "1"),
        (2.2, 4.2, None),
        (4.2, 5.0, None),
        (5.0, 6.0, "1"),
    ]


def test_a_replica_that_was_ready_before_the_failure_ran_the_new_release(
    recorded: Recorded,
) -> None:
    own = [phase("web-1", "drain", 1, 2), phase("web-1", "start", 2, 3)]
    recorded.failure(phases=[*own, phase("web-1", "undo", 4, 5)])
    assert spans(recorded)[:3] == [(0, 1, "1"), (1, 3, None), (3, 4, "2")]


def test_a_replica_that_was_not_touched_runs_the_same_release(recorded: Recorded) -> None:
    assert spans(recorded.failure(), "web-2") == [(0, 6, "1")]


def test_a_run_of_an_earlier_version_has_no_spans(recorded: Recorded) -> None:
    recorded.earlier()
    assert spans(recorded) == [] and services_of(find_run(recorded.journal, "latest")) == []


def test_services_are_those_of_releases_and_phases(recorded: Recorded) -> None:
    success(recorded, phase("queue", "drain", 1, 2))
    assert services_of(find_run(recorded.journal, "latest")) == ["web-1", "web-2", "queue"]
    assert [each[2] for each in spans(recorded, "queue")] == [None, None]

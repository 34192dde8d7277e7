"""The baselines of the checklist: which run leaves one, which one counts, how many stay."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cosmicdeploy.journal.journal import now
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.recording import Recording
from tests.unit.operations.checklist.figures import WELL, Written, context, kept

pytestmark = pytest.mark.unit


def test_the_newest_baseline_of_a_run_that_succeeded_counts(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    assert baseline.newest(ctx) is None
    at = ["2026-02-02T10:00:00+00:00", "2026-02-03T10:00:00+00:00", "2026-02-04T10:00:00+00:00"]
    baseline.write(ctx, kept("a", at[0], in_place_at=at[0]))
    baseline.write(ctx, kept("b", at[1], in_place_at=at[1], before=WELL))
    baseline.write(ctx, kept("c", at[2]))
    (tmp_path / "baselines" / "d.json").write_text("{")
    found = baseline.newest(ctx)
    assert found and (found.run, found.before) == ("b", WELL)
    assert (tmp_path / "baselines" / "b.json").stat().st_mode & 0o777 == 0o600


def test_only_the_newest_baselines_are_kept(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    for number in range(baseline.KEPT + 5):
        baseline.write(ctx, kept(f"r{number:02}", now(), in_place_at=now()))
    assert len(list((tmp_path / "baselines").iterdir())) == baseline.KEPT


def test_a_run_that_resumes_a_killed_one_takes_over_its_baseline(tmp_path: Path) -> None:
    ctx = context(Written(), tmp_path)
    baseline.write(ctx, kept("r0", "2026-02-02T10:00:00+00:00", before=WELL, release_before="1"))
    earlier = [cast(Any, SimpleNamespace(id="r0"))]
    resumed = Recording(ctx.with_run(resumed_runs=earlier), "deploy")
    resumed.begin()
    resumed.complete()
    found = baseline.newest(ctx)
    assert found and (found.run, found.before, found.release_before) == ("r1", WELL, "1")


def test_a_run_that_was_undone_leaves_no_baseline(tmp_path: Path) -> None:
    ctx = context(Written(), tmp_path)
    baseline.write(ctx, kept("r1", now()))
    undone = Recording(ctx, "deploy")
    undone.drop()
    assert baseline.of_run(ctx, "r1") is None

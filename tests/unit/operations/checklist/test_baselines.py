"""Baselines: which runs record one, which is compared with, and how many are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cosmicdeploy.events import Warned
from cosmicdeploy.files import bounds
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.recording import Recording
from cosmicdeploy.text.timestamp import now
from tests.unit.operations.checklist.figures import GOOD, LogEngine, baseline_of, context

pytestmark = pytest.mark.unit


def test_the_newest_baseline_of_a_successful_run_is_used(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    assert baseline.newest(ctx) is None
    at = ["2026-02-02T10:00:00+00:00", "2026-02-03T10:00:00+00:00", "2026-02-04T10:00:00+00:00"]
    baseline.write(ctx, baseline_of("a", at[0], in_place_at=at[0]))
    baseline.write(ctx, baseline_of("b", at[1], in_place_at=at[1], before=GOOD))
    baseline.write(ctx, baseline_of("c", at[2]))
    (tmp_path / "baselines" / "d.json").write_text("{")
    found = baseline.newest(ctx)
    assert found and (found.run, found.before) == ("b", GOOD)
    assert (tmp_path / "baselines" / "b.json").stat().st_mode & 0o777 == 0o600


def test_only_the_newest_baselines_are_baseline_of(tmp_path: Path) -> None:
    ctx = context(None, tmp_path)
    for number in range(baseline.KEPT + 5):
        baseline.write(ctx, baseline_of(f"r{number:02}", now(), in_place_at=now()))
    assert len(list((tmp_path / "baselines").iterdir())) == baseline.KEPT


def test_a_run_that_resumes_a_killed_one_takes_over_its_baseline(tmp_path: Path) -> None:
    ctx = context(LogEngine(), tmp_path)
    baseline.write(
        ctx, baseline_of("r0", "2026-02-02T10:00:00+00:00", before=GOOD, release_before="1")
    )
    earlier = [cast(Any, SimpleNamespace(id="r0"))]
    resumed = Recording(ctx.with_run(resumed_runs=earlier), "deploy")
    resumed.begin()
    resumed.complete()
    found = baseline.newest(ctx)
    assert found and (found.run, found.before, found.release_before) == ("r1", GOOD, "1")


def test_a_run_that_was_undone_leaves_no_baseline(tmp_path: Path) -> None:
    ctx = context(LogEngine(), tmp_path)
    baseline.write(ctx, baseline_of("r1", now()))
    undone = Recording(ctx, "deploy")
    undone.drop()
    assert baseline.of_run(ctx, "r1") is None


def test_an_endless_baseline_names_the_command_that_moves_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "RECORD_BYTES", 1000)
    said: list[str] = []
    ctx = replace(
        context(None, tmp_path),
        emit=lambda event: said.append(event.text) if isinstance(event, Warned) else None,
    )
    path = tmp_path / "baselines" / "a b.json"
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("/dev/zero")
    assert baseline.newest(ctx) is None
    [warning] = said
    assert f"`mv '{path}' '{path}.damaged'`" in warning
    path.rename(f"{path}.damaged")
    assert baseline.newest(ctx) is None and len(said) == 1

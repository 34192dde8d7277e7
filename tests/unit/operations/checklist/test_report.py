"""The checklist as a table, as JUnit XML and as JSON."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from rich.console import Console

from cosmicdeploy.journal.journal import now
from cosmicdeploy.operations.checklist import comparison
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
)
from cosmicdeploy.report.junit import junit
from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show
from tests.unit.operations.checklist.figures import SETTINGS, WELL, kept, with_figures

pytestmark = pytest.mark.unit


def report(now_: Any, before: Any) -> Report:
    evidence = Evidence(settings=SETTINGS, now=now_, before=before)
    points = [vars(judge(evidence)) for judge in comparison.POINTS.values()]
    return Report.model_validate(
        {
            "command": "checklist",
            "outcome": "done",
            "started_at": now(),
            "seconds": 1.0,
            "checklist": {
                "since": now(),
                "seconds": 9.0,
                "baseline": kept("r1", now(), in_place_at=now()).summary() if before else None,
                "points": points,
            },
        }
    )


def test_the_points_with_before_and_advice_fit_80_columns() -> None:
    out = StringIO()
    bad = {**with_figures("proxy", errors=400, limited=0), **with_figures("cache", ratio=0.2)}
    show(report(bad, WELL), Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines[:-4])) <= 80
    text = " ".join(out.getvalue().split())
    for expected in (
        "worse cache 20.0% of 9,000 look-ups hit",
        "before: 90.0% of 9,000",
        "1 worse",
    ):
        assert expected in text, text
    assert "no baseline" in out.getvalue() or "compared with" in text


def test_worse_is_a_failed_test_case_and_unknown_a_skipped_one() -> None:
    bad = {**with_figures("proxy", limited=0), **with_figures("cache", ratio=0.2)}
    bad["proxy"] = {**WELL["proxy"], "limited": 0}
    suite = fromstring(junit(report(bad, WELL)))[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("9", "1", "1")
    assert suite[0].get("classname") == "cosmicdeploy.checklist"


def test_the_figures_are_json() -> None:
    assert json.loads(report(WELL, {}).to_json())["checklist"]["points"][0]["verdict"] == "same"

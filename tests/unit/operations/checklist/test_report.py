"""The checklist as a table, as JUnit XML and as JSON."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from rich.console import Console

from cosmicdeploy.operations.checklist import comparison
from cosmicdeploy.operations.checklist.verdict import Evidence
from cosmicdeploy.report.junit import junit
from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show
from cosmicdeploy.text.timestamp import now
from tests.unit.operations.checklist.figures import GOOD, SETTINGS, baseline_of, with_figures

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
                "baseline": baseline_of("r1", now(), in_place_at=now()).summary()
                if before
                else None,
                "points": points,
            },
        }
    )


def test_the_table_of_points_fits_80_columns() -> None:
    out = StringIO()
    bad = with_figures("cache", ratio=0.2)
    show(report(bad, GOOD), Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines[:-4])) <= 80
    text = " ".join(out.getvalue().split())
    for words in ("worse cache 20.0% of 9,000 look-ups hit", "before: 90.0% of 9,000", "1 worse"):
        assert words in text, text
    assert "compared with" in text and "no baseline" not in text


def test_a_baseline_from_the_future_is_not_said_to_be_ago() -> None:
    """The clock was set back, or the journal is another machine's."""
    out = StringIO()
    document = report(GOOD, GOOD).model_dump(by_alias=True)
    document["checklist"]["baseline"]["at"] = "2999-01-01T00:00:00+00:00"
    show(Report.model_validate(document), Console(file=out, width=200))
    assert ", in the future)" in out.getvalue() and "future ago" not in out.getvalue()


def test_without_a_baseline_the_whole_command_is_named() -> None:
    out = StringIO()
    show(report(GOOD, {}), Console(file=out, width=200))
    assert "`cosmicdeploy checklist --record`" in out.getvalue()


def test_in_junit_worse_is_a_failed_test_case_and_unknown_a_skipped_one() -> None:
    bad = {**with_figures("cache", ratio=0.2), "proxy": {**GOOD["proxy"], "limited": 0}}
    suite = fromstring(junit(report(bad, GOOD)))[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("9", "1", "1")
    assert suite[0].get("classname") == "cosmicdeploy.checklist"


def test_the_figures_are_json() -> None:
    assert json.loads(report(GOOD, {}).to_json())["checklist"]["points"][0]["verdict"] == "same"

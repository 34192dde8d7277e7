"""A summary is bounded, and what it lacks is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cosmicdeploy.runs.summary.bounds import (
    FACTS_CHARACTERS,
    LONGEST,
    SUMMARY_BYTES,
    bounded,
    bounded_facts,
    fitted,
)

pytestmark = pytest.mark.unit


def test_secrets_are_masked_at_any_level_and_so_are_passwords_in_urls() -> None:
    value = {"a": ["x hunter2hunter2 y"], "url": "mysql://me:pw@db/shop"}
    assert bounded(value, ["hunter2hunter2"]) == {"a": ["x *** y"], "url": "mysql://***@db/shop"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ((1, 2), [1, 2]),
        ({1: {2}}, {"1": [2]}),
        ("\ud800", "\\ud800"),
    ],
)
def test_values_become_json(value: Any, expected: Any) -> None:
    assert bounded(value) == expected
    json.dumps(bounded(value), allow_nan=False)


def test_long_texts_and_nesting_are_cut_and_say_so() -> None:
    deep: Any = "bottom"
    for _ in range(50):
        deep = [deep]
    assert "bottom" not in json.dumps(bounded(deep)) and "nested too deeply" in str(bounded(deep))
    assert bounded("x" * 5000).endswith("(4,000 more characters)")


def test_no_secret_is_cut_in_two() -> None:
    text = "x" * 995 + "hunter2hunter2" + "y" * 10 * LONGEST
    assert "hunter" not in bounded(text, ["hunter2hunter2"])


def test_a_list_is_whole_or_is_counted() -> None:
    assert bounded(list(range(1000))) == list(range(1000))
    assert bounded_facts({"a": list(range(3000))}, []) == {"left_out_characters": 16897}


def test_facts_that_are_too_long_are_counted_instead() -> None:
    assert bounded_facts({"a": 1}, []) == {"a": 1}
    long = bounded_facts({str(number): "x" * 900 for number in range(50)}, [])
    assert long["left_out_characters"] > FACTS_CHARACTERS


def test_a_summary_that_is_too_long_lacks_its_largest_parts_and_names_them() -> None:
    small = {"outcome": "changed", "steps": [], "phases": [], "series": {}}
    assert fitted(small) == small
    large = {**small, "phases": [{"service": "x" * 90} for _ in range(1000)], "steps": [{}]}
    cut = fitted(large)
    assert cut["left_out"] == ["phases"] and "phases" not in cut and cut["series"] == {}
    huge = {**large, "series": "x" * SUMMARY_BYTES, "steps": [{"facts": "x" * SUMMARY_BYTES}]}
    assert fitted(huge)["left_out"] == ["phases", "series", "facts"]
    assert len(json.dumps(fitted(huge))) < SUMMARY_BYTES


def test_a_summary_always_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    text, whole = "ж" * 1000, {"outcome": "failed"}
    lines = [text] * 60
    large = {
        **whole,
        "error": {"what": text, "details": lines, "output": lines},
        "warnings": lines,
        "requests": {"failures": lines},
        "releases": {str(number): text for number in range(100)},
    }
    cut = fitted({**large, "left_out": ["3 more phases"]})
    assert len(json.dumps(cut, ensure_ascii=False).encode()) <= SUMMARY_BYTES
    assert cut["left_out"] == ["3 more phases", "warnings", "requests", "releases", "error"]
    assert fitted({**whole, "error": large["error"]})["left_out"] == ["error"]

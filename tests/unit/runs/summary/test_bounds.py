"""A summary is bounded and holds no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cosmicdeploy.runs.summary.bounds import (
    FACTS_CHARACTERS,
    ITEMS,
    SUMMARY_BYTES,
    bounded,
    bounded_facts,
    fitted,
    secrets_of,
)

pytestmark = pytest.mark.unit


def test_secrets_are_the_values_of_variables_with_such_names() -> None:
    variables = {
        "DB_PASSWORD": "hunter2hunter2",
        "API_KEY": "abcdefgh",
        "DB_PWD": "pwd-pwd-pwd",
        "NAMED": "by the settings",
        "PWD": "/srv/shop",
        "MONKEY": "business",
        "SHORT_TOKEN": "abc",
        "GIT_AUTHOR_NAME": "someone",
    }
    found = secrets_of(variables, ["NAMED", "MISSING"])
    assert set(found) == {"hunter2hunter2", "abcdefgh", "pwd-pwd-pwd", "by the settings"}
    assert list(found) == sorted(found, key=len, reverse=True)


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


def test_long_texts_lists_and_nesting_are_cut() -> None:
    deep: Any = "bottom"
    for _ in range(50):
        deep = [deep]
    assert "bottom" not in json.dumps(bounded(deep))
    assert len(bounded(list(range(1000)))) == ITEMS
    assert bounded("x" * 5000).endswith("more characters)")


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

"""What an error holds: as much as a screen, and of two errors a part of each."""

from __future__ import annotations

import pytest

from cosmicdeploy.abort_advice import ACCEPT, with_abort_advice
from cosmicdeploy.errors import CosmicError, to_cosmic_error
from cosmicdeploy.runs.undo_error import undo_failed
from cosmicdeploy.text.shorten import PARAGRAPH

pytestmark = pytest.mark.unit


def test_what_was_cut_is_left_as_it_is() -> None:
    error = CosmicError("x" * (PARAGRAPH + 4000))
    assert error.what.endswith("x… (4,000 more characters)")
    assert CosmicError(error.what, where=error.what).where == error.what


def test_what_is_told_of_an_error_that_was_cut_counts_all_that_is_left_out() -> None:
    error = CosmicError("x" * (PARAGRAPH + 4000))
    again = CosmicError(f"12345{error.what}")
    assert again.what.startswith("12345x") and again.what.endswith("x… (4,005 more characters)")
    assert to_cosmic_error(again) is again


def test_what_cannot_be_written_grows_no_error() -> None:
    error = CosmicError("\ud800" * PARAGRAPH)
    assert len(error.what) < PARAGRAPH + 50 and CosmicError(error.what).what == error.what


@pytest.mark.parametrize("size", [10, PARAGRAPH - 40, 10 * PARAGRAPH])
def test_the_failure_of_the_way_back_is_told_after_any_error(size: int) -> None:
    stuck = CosmicError("no route " + "y" * size)
    told = undo_failed(CosmicError("x" * size), stuck, [])
    assert told.what.startswith("xxx") and "; and the undo failed: no route yyy" in told.what
    assert len(told.what) <= PARAGRAPH and told.what.count("more characters") in (0, 2)


@pytest.mark.parametrize("looks", ["status", "diagnose", "logs app", "backup list"])
def test_an_advice_that_only_looks_is_no_way_out(looks: str) -> None:
    todo = with_abort_advice(f"see `cosmicdeploy {looks}`", data=False)
    assert todo == f"see `cosmicdeploy {looks}`; or {ACCEPT}"


def test_a_way_out_stays_the_only_one() -> None:
    for todo in (
        "`cosmicdeploy rollback --to latest`",
        "see `cosmicdeploy status`; `cosmicdeploy up`",
    ):
        assert with_abort_advice(todo, data=True) == todo
    assert with_abort_advice("", data=True) == "undo it: `cosmicdeploy deploy --abort`"
    assert with_abort_advice("", data=False) == ACCEPT

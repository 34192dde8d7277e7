"""Errors are cut to a readable length, and their advice names a command that helps."""

from __future__ import annotations

import errno
import os

import pytest

from cosmicdeploy.abort_advice import ACCEPT, with_abort_advice
from cosmicdeploy.errors import CosmicError, to_cosmic_error
from cosmicdeploy.runs.undo.undo_error import undo_failed
from cosmicdeploy.text.shorten import PARAGRAPH

pytestmark = pytest.mark.unit


def test_a_text_that_was_cut_is_not_cut_again() -> None:
    error = CosmicError("x" * (PARAGRAPH + 4000))
    assert error.what.endswith("x… (4,000 more characters)")
    assert CosmicError(error.what, where=error.what).where == error.what


def test_a_text_around_a_cut_text_counts_all_omitted_characters() -> None:
    error = CosmicError("x" * (PARAGRAPH + 4000))
    again = CosmicError(f"12345{error.what}")
    assert again.what.startswith("12345x") and again.what.endswith("x… (4,005 more characters)")
    assert to_cosmic_error(again) is again


@pytest.mark.parametrize("number", [",", ",,,", "9" * 5000, "٣"])
def test_a_text_may_imitate_the_mark_of_a_cut_text(number: str) -> None:
    text = "x" * (PARAGRAPH + 10) + f"… ({number} more characters)"
    assert CosmicError(text).what.endswith(f"x… ({len(text) - PARAGRAPH:,} more characters)")


def test_characters_that_are_escaped_do_not_lengthen_an_error() -> None:
    error = CosmicError("\ud800" * PARAGRAPH)
    assert len(error.what) < PARAGRAPH + 50 and CosmicError(error.what).what == error.what


@pytest.mark.parametrize("size", [10, PARAGRAPH - 40, 10 * PARAGRAPH])
def test_the_failure_of_an_undo_follows_an_error_of_any_length(size: int) -> None:
    undo_error = CosmicError("no route " + "y" * size)
    combined = undo_failed(CosmicError("x" * size), undo_error, [])
    assert (
        combined.what.startswith("xxx") and "; and the undo failed: no route yyy" in combined.what
    )
    assert len(combined.what) <= PARAGRAPH and combined.what.count("more characters") in (0, 2)


@pytest.mark.parametrize("command", ["status", "diagnose", "logs app", "backup list"])
def test_advice_that_changes_nothing_gets_the_way_out_added(command: str) -> None:
    todo = with_abort_advice(f"see `cosmicdeploy {command}`", data=False)
    assert todo == f"see `cosmicdeploy {command}`; or {ACCEPT}"


def test_advice_that_is_a_way_out_is_not_extended() -> None:
    for todo in (
        "`cosmicdeploy rollback --to latest`",
        "see `cosmicdeploy status`; `cosmicdeploy up`",
    ):
        assert with_abort_advice(todo, data=True) == todo
    assert with_abort_advice("", data=True) == "undo it: `cosmicdeploy deploy --abort`"
    assert with_abort_advice("", data=False) == ACCEPT


@pytest.mark.parametrize("number", [errno.EFBIG, errno.ETIMEDOUT])
@pytest.mark.parametrize("names", [(), ("/mnt/nas/file",)])
def test_a_file_that_is_too_large_or_does_not_answer_is_no_bug(
    number: int, names: tuple[str, ...]
) -> None:
    error = to_cosmic_error(OSError(number, os.strerror(number), *names))
    assert os.strerror(number) in error.what and "Unexpected" not in error.what
    assert error.todo

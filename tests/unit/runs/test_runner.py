"""Planning and applying steps."""

from __future__ import annotations

import errno
from typing import Any, ClassVar

import pytest
from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.events import Event, Warned
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged, Undecided
from tests.unit.runs.append_steps import Append, append, outcomes, run


class SettleFails(Append):
    """Its settling fails with `error`."""

    error: Any = Field(exclude=True)

    def settle(self, ctx: Context, change: Change) -> None:
        raise self.error


class Protective(Append):
    """Needed only if another step changes something."""

    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        return super().check(ctx) if ctx.run.steps_ahead else Unchanged(reason="nothing to protect")


class NeedsFirst(Append):
    """Cannot be checked before another step has appended `first`."""

    def check(self, ctx: Context) -> Change | Unchanged:
        if "first" not in self.words:
            raise CosmicError("first is missing")
        return super().check(ctx)


def test_a_second_run_changes_nothing_and_says_why(ctx: Context, words: list[str]) -> None:
    steps = [append(words, "a"), append(words, "b")]
    assert outcomes(run(ctx, *steps)) == ["changed", "changed"]
    again = run(ctx, *steps)
    assert outcomes(again) == ["unchanged", "unchanged"]
    assert again.results[0].reason == "a is present"
    assert not again.changed


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CosmicError("The engine is busy"), "The engine is busy"),
        (OSError(errno.ENOSPC, "no space", "/srv/a"), "used: No space left on device (/srv/a)"),
        (KeyError("a"), "Unexpected KeyError: 'a'"),
    ],
)
def test_an_error_in_settle_is_reported_and_does_not_undo_a_run_that_succeeded(
    ctx: Context, words: list[str], events: list[Event], error: Exception, text: str
) -> None:
    finished = run(ctx, append(words, "a", SettleFails, error=error))
    assert finished.error is None
    assert words == ["here", "a"]
    [warning] = [each.text for each in events if isinstance(each, Warned)]
    assert warning.startswith("the step a left something for the next run to clean up: ")
    assert warning.endswith(text)


def test_the_intent_is_journalled_before_the_result(ctx: Context, words: list[str]) -> None:
    run(ctx, append(words, "a"))
    kinds = [(record["kind"], record.get("before")) for record in ctx.journal.records()]
    assert kinds == [("intent", {"count": 1}), ("done", None), ("success", None)]


def test_a_protective_step_is_applied_only_if_another_step_changes_something(
    ctx: Context, words: list[str]
) -> None:
    guard = append(words, "guard", Protective)
    assert outcomes(run(ctx, guard, append(words, "here"))) == ["unchanged", "unchanged"]
    assert outcomes(run(ctx, guard, append(words, "new"))) == ["changed", "changed"]


def test_a_check_that_needs_an_earlier_step_is_postponed_to_the_run(
    ctx: Context, words: list[str]
) -> None:
    first, second = append(words, "first"), append(words, "second", NeedsFirst)
    assert isinstance(make_plan([first, second], ctx)[1].finding, Undecided)
    assert outcomes(run(ctx, first, second)) == ["changed", "changed"]


def test_an_error_that_no_earlier_step_can_remove_is_raised(ctx: Context, words: list[str]) -> None:
    with pytest.raises(CosmicError, match="first is missing"):
        make_plan([append(words, "here"), append(words, "second", NeedsFirst)], ctx)


def test_a_step_that_only_checks_passes_and_the_run_is_unchanged(ctx: Context) -> None:
    class Check(Step):
        kind: ClassVar[str] = "check"
        only_checks: ClassVar[bool] = True

        def check(self, ctx: Context) -> Change | Unchanged:
            return Change(summary="check it")

        def apply(self, ctx: Context, change: Change) -> Result:
            return {}

        def verify(self, ctx: Context, change: Change) -> None:
            """Applying the step was the check."""

    finished = run(ctx, Check(name="check"))
    assert outcomes(finished) == ["passed"]
    assert finished.has_applied and not finished.changed

"""The steps `console` and `exec`, with scripted results of the command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CheckFailed, CosmicError
from cosmicdeploy.events import Event, Notice
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Unchanged
from cosmicdeploy.steps.commands.command import CommandStep, Retry

pytestmark = pytest.mark.unit

SUCCESS, FAILURE = (
    ExecResult(exit_code=0, stdout=b"ready\n"),
    ExecResult(exit_code=3, stderr=b"no\n"),
)


class Scripted(CommandStep):
    """A command step with scripted results by the first word; the last result is repeated."""

    kind: ClassVar[str] = "scripted"

    answers: dict[str, list[ExecResult]] = {}  # noqa: RUF012 - pydantic copies it
    called: list[str] = []  # noqa: RUF012

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        self.called.append(words[0])
        left = self.answers[words[0]]
        return left.pop(0) if len(left) > 1 else left[0]


def step(*answers: ExecResult, **options: object) -> Scripted:
    fields = {"name": "mine", "run": ["do"], "answers": {"do": list(answers)}, **options}
    return Scripted.model_validate(fields)


def run(ctx: Context, *steps: Scripted) -> Run:
    done = Run(ctx=ctx)
    done.execute(make_plan(steps, ctx))
    return done


def test_a_command_that_changes_something_runs_once(ctx: Context) -> None:
    mine = step(SUCCESS)
    done = run(ctx, mine)
    assert (done.error, done.results[0].outcome) == (None, "changed")
    assert mine.called == ["do"]
    assert (mine.reversible, mine.cost) == (False, "`scripted do` cannot be undone")


def test_the_last_lines_of_the_output_are_shown(ctx: Context, events: list[Event]) -> None:
    long = ExecResult(exit_code=0, stdout=b"".join(b"%d\n" % n for n in range(30)))
    for changes in (True, False):
        events.clear()
        run(ctx, step(long, changes=changes))
        shown = [event.text for event in events if isinstance(event, Notice)]
        assert shown == [f"  mine: {n}" for n in range(10, 30)]


def test_unless_skips_the_command_and_must_succeed_after_it(ctx: Context) -> None:
    answers = {"do": [SUCCESS], "is": [FAILURE, SUCCESS]}
    mine = step(unless=["is"], answers=answers)
    assert run(ctx, mine).results[0].outcome == "changed"
    assert run(ctx, mine).results[0].outcome == "unchanged"
    assert mine.called == ["is", "do", "is", "is"]
    without_effect = step(unless=["is"], answers={"do": [SUCCESS], "is": [FAILURE]})
    error = run(ctx, without_effect).error
    assert error is not None and "still something to change" in error.what


def test_a_command_that_changes_nothing_fails_as_a_check(ctx: Context) -> None:
    assert run(ctx, step(SUCCESS, changes=False)).results[0].outcome == "passed"
    with pytest.raises(CheckFailed, match="exit code 3") as caught:
        step(FAILURE, changes=False).check(ctx)
    assert caught.value.details == ("no",)
    with pytest.raises(CheckFailed, match="did not print 'heartbeat'"):
        step(SUCCESS, changes=False, expect="heartbeat").check(ctx)
    planned = ctx.with_run(is_planning=True, is_plan_only=True)
    assert step(FAILURE, changes=False).check(planned) == Unchanged(
        reason="checked in the run", later=True
    )


def test_a_failure_is_retried_or_only_reported(ctx: Context) -> None:
    thrice = Retry(times=3, seconds=0)
    mine = step(FAILURE, FAILURE, SUCCESS, retry=thrice)
    assert run(ctx, mine).error is None and len(mine.called) == 3
    mine = step(FAILURE, retry=thrice)
    error = run(ctx, mine).error
    assert error is not None and len(mine.called) == 3
    reported = run(ctx, step(FAILURE, on_failure="go-on"))
    assert reported.error is None and "exit code 3" in str(reported.fact("failed"))
    failed_check = run(ctx, step(FAILURE, changes=False, on_failure="go-on"))
    assert failed_check.error is None and "went on after" in failed_check.results[0].reason


def test_a_later_failure_undoes_the_command_with_undo_with(ctx: Context) -> None:
    first = step(undo_with=["undo"], answers={"do": [SUCCESS], "undo": [SUCCESS]}, name="first")
    done = run(ctx, first, step(FAILURE, name="second"))
    assert [result.outcome for result in done.results] == ["undone", "failed"]
    assert first.called == ["do", "undo"] and first.cost == ""
    not_undone = step(
        undo_with=["undo"], answers={"do": [SUCCESS], "undo": [FAILURE]}, name="first"
    )
    error = run(ctx, not_undone, step(FAILURE, name="second")).error
    assert isinstance(error, CosmicError) and error.exit_code == 3

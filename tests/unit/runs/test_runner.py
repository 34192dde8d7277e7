"""Planning, applying and undoing, with steps that append words to a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CheckFailed, CosmicError, ExitCode, LockLost, NeedsPerson, NotProven
from cosmicdeploy.lock import Lock
from cosmicdeploy.runs import undo_error
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Change, NotReversible, Result, Step, Unchanged, Undecided


class Append(Step):
    """Append a word to a list unless the list has it."""

    kind: ClassVar[str] = "append"
    words: Any
    word: str

    def check(self, ctx: Context) -> Change | Unchanged:
        if self.word in self.words:
            return Unchanged(reason=f"{self.word} is present")
        return Change(summary=f"{self.word} is missing", before={"count": len(self.words)})

    def apply(self, ctx: Context, change: Change) -> Result:
        self.words.append(self.word)
        return {self.name: self.word}

    def undo(self, ctx: Context, change: Change) -> None:
        del self.words[change.before["count"] :]


class Fail(Append):
    """Append the word, then raise `error`."""

    error: Any = Field(default=CosmicError("broken", todo="repair it"), exclude=True)

    def apply(self, ctx: Context, change: Change) -> Result:
        super().apply(ctx, change)
        raise self.error


class UndoFails(Append):
    """Its undo fails."""

    def undo(self, ctx: Context, change: Change) -> None:
        raise NeedsPerson("it is stuck", todo="pull harder")


class Irreversible(Append):
    """Its undo refuses, because it would lose data."""

    def undo(self, ctx: Context, change: Change) -> None:
        raise NotReversible("data would be lost", todo="restore the backup")


class LockLostAt(Lock):
    """A lock that is lost as soon as the list has the given word."""

    def __init__(self, words: list[str], word: str) -> None:
        self._words, self._word = words, word

    def require(self, trust: float = 0.0) -> None:
        if self._word in self._words:
            raise LockLost("taken over")


class SettleFails(Append):
    """Its settling fails."""

    def settle(self, ctx: Context, change: Change) -> None:
        raise CosmicError("the engine is busy")


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


@pytest.fixture
def words() -> list[str]:
    return ["here"]


def run(ctx: Context, *steps: Step) -> Run:
    finished = Run(ctx=ctx)
    finished.through(make_plan(steps, ctx))
    return finished


def outcomes(finished: Run) -> list[str]:
    return [result.outcome for result in finished.results]


def append(words: list[str], word: str, kind: type[Append] = Append, **more: Any) -> Append:
    # pydantic would copy the list; the steps of one test share it
    return kind.model_construct(name=word, words=words, word=word, **more)


def test_a_second_run_changes_nothing_and_says_why(ctx: Context, words: list[str]) -> None:
    steps = [append(words, "a"), append(words, "b")]
    assert outcomes(run(ctx, *steps)) == ["changed", "changed"]
    again = run(ctx, *steps)
    assert outcomes(again) == ["unchanged", "unchanged"]
    assert again.results[0].reason == "a is present"
    assert not again.changed


def test_a_failed_step_is_undone_with_the_steps_before_it(ctx: Context, words: list[str]) -> None:
    finished = run(ctx, append(words, "a"), append(words, "b", Fail), append(words, "c"))
    assert words == ["here"]
    assert outcomes(finished) == ["undone", "failed", "skipped"]
    assert finished.error is not None and finished.error.exit_code == ExitCode.FAILED


def test_a_failed_undo_needs_an_operator(ctx: Context, words: list[str]) -> None:
    finished = run(
        ctx, append(words, "first"), append(words, "a", UndoFails), append(words, "b", Fail)
    )
    assert finished.results[0].outcome == "undone", "a step that can be undone is undone"
    assert finished.error is not None and finished.error.exit_code == ExitCode.NEEDS_PERSON
    assert "broken" in finished.error.what and "it is stuck" in finished.error.what
    assert finished.error.todo.startswith("pull harder; or accept what runs")


def test_steps_before_an_irreversible_step_stay_applied(ctx: Context, words: list[str]) -> None:
    finished = run(
        ctx, append(words, "first"), append(words, "a", Irreversible), append(words, "b", Fail)
    )
    assert outcomes(finished) == ["changed", "changed", "failed"]
    assert finished.error is not None and finished.error.exit_code == ExitCode.NEEDS_PERSON
    assert finished.error.todo.startswith("restore the backup")


def test_a_check_that_fails_after_a_change_fails_the_run(ctx: Context, words: list[str]) -> None:
    finished = run(ctx, append(words, "a"), append(words, "b", Fail, error=CheckFailed("2 fail")))
    assert words == ["here"]
    assert finished.error is not None and finished.error.exit_code == ExitCode.FAILED


class KeptAfterUndo(Append):
    """Its undo keeps the word on purpose."""

    def undo(self, ctx: Context, change: Change) -> None:
        pass

    def kept_after_undo(self, change: Change) -> str:
        return "left running: db"


def test_what_an_undo_leaves_in_place_is_reported(ctx: Context, words: list[str]) -> None:
    finished = run(ctx, append(words, "a", KeptAfterUndo), append(words, "b", Fail))
    assert outcomes(finished) == ["undone", "failed"]
    assert finished.results[0].reason == "a is missing; left running: db"
    assert finished.error is not None and "left running: db" in finished.error.details


def test_a_run_that_lost_the_lock_undoes_and_journals_nothing(
    ctx: Context, words: list[str]
) -> None:
    steps = [append(words, "a"), append(words, "b"), append(words, "c")]
    finished = run(replace(ctx, lock=LockLostAt(words, "b")), *steps)
    assert words == ["here", "a", "b"]
    assert outcomes(finished) == ["changed", "failed", "skipped"]
    assert finished.error is not None and finished.error.exit_code == ExitCode.NEEDS_PERSON
    kinds = [record["kind"] for record in ctx.journal.records()]
    assert kinds == ["intent", "done", "intent"]


def test_a_failed_run_that_lost_the_lock_undoes_nothing(ctx: Context, words: list[str]) -> None:
    steps = [append(words, "a"), append(words, "b", Fail)]
    finished = run(replace(ctx, lock=LockLostAt(words, "b")), *steps)
    assert words == ["here", "a", "b"]
    assert isinstance(finished.error, LockLost)
    assert [record["kind"] for record in ctx.journal.records()] == ["intent", "done", "intent"]


def test_an_undo_stops_when_the_lock_is_lost(ctx: Context, words: list[str]) -> None:
    class UndoLosesLock(Fail):
        def undo(self, ctx: Context, change: Change) -> None:
            self.words.append("lost")
            raise CosmicError("cannot be undone")

    steps = [append(words, "a"), append(words, "b", UndoLosesLock)]
    finished = run(replace(ctx, lock=LockLostAt(words, "lost")), *steps)
    assert words == ["here", "a", "b", "lost"]
    assert isinstance(finished.error, LockLost)


def test_ctrl_c_undoes_the_run(ctx: Context, words: list[str]) -> None:
    finished = run(ctx, append(words, "a"), append(words, "b", Fail, error=KeyboardInterrupt()))
    assert words == ["here"]
    assert finished.error is not None and finished.error.exit_code == ExitCode.INTERRUPTED


def test_any_exception_undoes_the_run(ctx: Context, words: list[str]) -> None:
    finished = run(ctx, append(words, "a"), append(words, "b", Fail, error=OSError("disk full")))
    assert words == ["here"]
    assert finished.error is not None and "disk full" in finished.error.what
    assert finished.error.exit_code == ExitCode.FAILED


def test_an_error_in_settle_does_not_undo_a_run_that_succeeded(
    ctx: Context, words: list[str]
) -> None:
    finished = run(ctx, append(words, "a", SettleFails))
    assert finished.error is None
    assert words == ["here", "a"]


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


def test_an_unproven_check_undoes_the_run_and_keeps_its_exit_code(
    ctx: Context, words: list[str]
) -> None:
    """The release is not known to be broken, which a pipeline can see from the exit code."""
    finished = run(ctx, append(words, "a", Fail, error=NotProven("only a rate limit answered")))
    assert words == ["here"] and outcomes(finished) == ["failed"]
    assert finished.error is not None and finished.error.exit_code == ExitCode.CHECK_FAILED


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        ("s", "as before: images and containers of the application, schema"),
        (None, "as before: images and containers of the application; the schema could not"),
    ],
)
def test_after_an_undo_only_compared_state_is_reported_as_unchanged(
    ctx: Context, words: list[str], monkeypatch: pytest.MonkeyPatch, schema: str | None, detail: str
) -> None:
    state = {"tags": {}, "containers": {}, "schema": schema, "migrations": None}
    monkeypatch.setattr(undo_error, "observe", lambda _: state)
    finished = Run(ctx=ctx, before=state)
    finished.through(make_plan([append(words, "a"), append(words, "b", Fail)], ctx))
    assert finished.error is not None and detail in finished.error.details[0]


class FailsWithoutUndo(Fail):
    """Fails, and cannot be undone."""

    undo = Step.undo


def test_without_an_undo_nothing_is_reported_as_unchanged(ctx: Context, words: list[str]) -> None:
    finished = Run(ctx=ctx, before={"tags": {}, "containers": {}, "schema": "s", "migrations": []})
    finished.through(make_plan([append(words, "b", FailsWithoutUndo)], ctx))
    assert finished.error is not None and finished.error.details == ()


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

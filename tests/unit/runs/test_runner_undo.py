"""What a failed run undoes, and how it reports the undo."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed, CosmicError, ExitCode, LockLost, NeedsPerson, NotProven
from cosmicdeploy.lock import Lock
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.undo import undo_error
from cosmicdeploy.steps.base import Change, NotReversible, Result, Step
from tests.unit.runs.append_steps import Append, Fail, append, outcomes, run


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

    def require(self, max_age: float = 0.0) -> None:
        if self._word in self._words:
            raise LockLost("taken over")


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
    monkeypatch.setattr(undo_error, "observe", lambda *_: state)
    finished = Run(ctx=ctx, before=state)
    finished.execute(make_plan([append(words, "a"), append(words, "b", Fail)], ctx))
    assert finished.error is not None and detail in finished.error.details[0]


class ChangesData(Append):
    """Its undo leaves what it did to the data."""

    leaves_data_changed = True


def test_a_schema_that_a_step_changed_for_good_is_no_failed_undo(
    ctx: Context, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"tags": {}, "containers": {}, "schema": "s", "migrations": ["a"]}
    after = before | {"schema": "t", "migrations": ["a", "b"]}
    monkeypatch.setattr(undo_error, "observe", lambda *_: after)
    for kind, code in ((ChangesData, ExitCode.FAILED), (Append, ExitCode.NEEDS_PERSON)):
        finished = Run(ctx=ctx, before=before)
        finished.execute(make_plan([append(words, "a", kind), append(words, "b", Fail)], ctx))
        assert finished.error is not None and finished.error.exit_code == code
        assert "the schema differs" in str(finished.error.details)


class FailsWithoutUndo(Fail):
    """Fails, and cannot be undone."""

    undo = Step.undo


def test_without_an_undo_nothing_is_reported_as_unchanged(ctx: Context, words: list[str]) -> None:
    finished = Run(ctx=ctx, before={"tags": {}, "containers": {}, "schema": "s", "migrations": []})
    finished.execute(make_plan([append(words, "b", FailsWithoutUndo)], ctx))
    assert finished.error is not None and finished.error.details == ()


def test_the_result_of_the_undo_is_shown_below_any_number_of_lines(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The middle of many lines is left out."""
    failing = [f"web-{number} still does not work: 500 {{\n'a'\n}}" for number in range(9)]
    monkeypatch.setattr(undo_error, "still_failing", lambda _ctx: failing)
    error = CosmicError("It failed", details=[f"line {number}" for number in range(40)])
    details = undo_error.after_undo(ctx, error, [], "images").details
    assert details[-1] == "undone, and the state is the same as before: images"


def test_a_journal_that_is_no_file_any_more_does_not_stop_an_undo(
    ctx: Context, words: list[str]
) -> None:
    class Damages(Fail):
        def apply(self, ctx: Context, change: Change) -> Result:
            ctx.journal.path.unlink()
            ctx.journal.path.symlink_to("/dev/null")
            return super().apply(ctx, change)

    finished = run(ctx, append(words, "a"), append(words, "b", Damages))
    assert words == ["here"] and finished.error is not None
    assert finished.results[0].outcome == "undone"

"""Plans and runs, with steps that change a list in memory."""

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
    """Put a word on a list unless it is there."""

    kind: ClassVar[str] = "append"
    words: Any
    word: str

    def check(self, ctx: Context) -> Change | Unchanged:
        if self.word in self.words:
            return Unchanged(reason=f"{self.word} is there")
        return Change(summary=f"{self.word} is missing", before={"count": len(self.words)})

    def apply(self, ctx: Context, change: Change) -> Result:
        self.words.append(self.word)
        return {self.name: self.word}

    def undo(self, ctx: Context, change: Change) -> None:
        del self.words[change.before["count"] :]


class Break(Append):
    """As above, but fails after its change."""

    error: Any = Field(default=CosmicError("broken", todo="mend it"), exclude=True)

    def apply(self, ctx: Context, change: Change) -> Result:
        super().apply(ctx, change)
        raise self.error


class Stuck(Append):
    def undo(self, ctx: Context, change: Change) -> None:
        raise NeedsPerson("it is stuck", todo="pull harder")


class Final(Append):
    def undo(self, ctx: Context, change: Change) -> None:
        raise NotReversible("data would be lost", todo="restore the backup")


class Taken(Lock):
    """Lost as soon as a word is on the list."""

    def __init__(self, words: list[str], word: str) -> None:
        self._words, self._word = words, word

    def require(self, max_age: float = 0.0) -> None:
        if self._word in self._words:
            raise LockLost("taken over")


class Untidy(Append):
    def settle(self, ctx: Context, change: Change) -> None:
        raise CosmicError("the engine is busy")


class Ahead(Append):
    """Protective: needed only where another step changes something."""

    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        return super().check(ctx) if ctx.run.steps_ahead else Unchanged(reason="nothing to protect")


class Fussy(Append):
    """Cannot be looked at before another step has run."""

    def check(self, ctx: Context) -> Change | Unchanged:
        if "first" not in self.words:
            raise CosmicError("first is not there")
        return super().check(ctx)


@pytest.fixture
def words() -> list[str]:
    return ["here"]


def run(ctx: Context, *steps: Step) -> Run:
    made = Run(ctx=ctx)
    made.execute(make_plan(steps, ctx))
    return made


def outcomes(made: Run) -> list[str]:
    return [result.outcome for result in made.results]


def append(words: list[str], word: str, kind: type[Append] = Append, **more: Any) -> Append:
    # pydantic would copy the list; the steps of one test share it
    return kind.model_construct(name=word, words=words, word=word, **more)


def test_a_second_run_changes_nothing_and_says_why(ctx: Context, words: list[str]) -> None:
    steps = [append(words, "a"), append(words, "b")]
    assert outcomes(run(ctx, *steps)) == ["changed", "changed"]
    again = run(ctx, *steps)
    assert outcomes(again) == ["unchanged", "unchanged"]
    assert again.results[0].reason == "a is there"
    assert not again.changed


def test_a_failed_step_is_undone_with_those_before_it(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "a"), append(words, "b", Break), append(words, "c"))
    assert words == ["here"]
    assert outcomes(made) == ["undone", "failed", "skipped"]
    assert made.error is not None and made.error.exit_code == ExitCode.FAILED


def test_a_failed_undo_needs_an_operator(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "first"), append(words, "a", Stuck), append(words, "b", Break))
    assert made.results[0].outcome == "undone", "what can be undone is"
    assert made.error is not None and made.error.exit_code == ExitCode.NEEDS_PERSON
    assert "broken" in made.error.what and "it is stuck" in made.error.what
    assert made.error.todo.startswith("pull harder; or accept what runs")


def test_steps_before_one_that_cannot_be_undone_stay(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "first"), append(words, "a", Final), append(words, "b", Break))
    assert outcomes(made) == ["changed", "changed", "failed"]
    assert made.error is not None and made.error.exit_code == ExitCode.NEEDS_PERSON
    assert made.error.todo.startswith("restore the backup")


def test_a_check_that_fails_after_a_change_is_a_failed_run(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "a"), append(words, "b", Break, error=CheckFailed("2 fail")))
    assert words == ["here"]
    assert made.error is not None and made.error.exit_code == ExitCode.FAILED


class Staying(Append):
    """Its undoing leaves the word on purpose."""

    def undo(self, ctx: Context, change: Change) -> None:
        pass

    def kept_after_undo(self, change: Change) -> str:
        return "left running: db"


def test_what_an_undo_leaves_in_place_is_reported(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "a", Staying), append(words, "b", Break))
    assert outcomes(made) == ["undone", "failed"]
    assert made.results[0].reason == "a is missing; left running: db"
    assert made.error is not None and "left running: db" in made.error.details


def test_a_run_that_lost_the_lock_undoes_nothing_and_writes_nothing(
    ctx: Context, words: list[str]
) -> None:
    steps = [append(words, "a"), append(words, "b"), append(words, "c")]
    made = run(replace(ctx, lock=Taken(words, "b")), *steps)
    assert words == ["here", "a", "b"]
    assert outcomes(made) == ["changed", "failed", "skipped"]
    assert made.error is not None and made.error.exit_code == ExitCode.NEEDS_PERSON
    kinds = [record["kind"] for record in ctx.journal.records()]
    assert kinds == ["intent", "done", "intent"]


def test_a_failed_run_that_lost_the_lock_undoes_nothing(ctx: Context, words: list[str]) -> None:
    steps = [append(words, "a"), append(words, "b", Break)]
    made = run(replace(ctx, lock=Taken(words, "b")), *steps)
    assert words == ["here", "a", "b"]
    assert isinstance(made.error, LockLost)
    assert [record["kind"] for record in ctx.journal.records()] == ["intent", "done", "intent"]


def test_an_undo_stops_when_the_lock_is_lost(ctx: Context, words: list[str]) -> None:
    class StuckAndLost(Break):
        def undo(self, ctx: Context, change: Change) -> None:
            self.words.append("lost")
            raise CosmicError("cannot be undone")

    steps = [append(words, "a"), append(words, "b", StuckAndLost)]
    made = run(replace(ctx, lock=Taken(words, "lost")), *steps)
    assert words == ["here", "a", "b", "lost"]
    assert isinstance(made.error, LockLost)


def test_ctrl_c_undoes_the_run(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "a"), append(words, "b", Break, error=KeyboardInterrupt()))
    assert words == ["here"]
    assert made.error is not None and made.error.exit_code == ExitCode.INTERRUPTED


def test_any_exception_undoes_the_run(ctx: Context, words: list[str]) -> None:
    made = run(ctx, append(words, "a"), append(words, "b", Break, error=OSError("disk full")))
    assert words == ["here"]
    assert made.error is not None and "disk full" in made.error.what
    assert made.error.exit_code == ExitCode.FAILED


def test_an_error_in_settle_does_not_undo_a_run_that_succeeded(
    ctx: Context, words: list[str]
) -> None:
    made = run(ctx, append(words, "a", Untidy))
    assert made.error is None
    assert words == ["here", "a"]


def test_intent_is_journalled_before_the_result(ctx: Context, words: list[str]) -> None:
    run(ctx, append(words, "a"))
    kinds = [(record["kind"], record.get("before")) for record in ctx.journal.records()]
    assert kinds == [("intent", {"count": 1}), ("done", None), ("success", None)]


def test_a_protective_step_is_applied_only_with_another(ctx: Context, words: list[str]) -> None:
    guard = append(words, "guard", Ahead)
    assert outcomes(run(ctx, guard, append(words, "here"))) == ["unchanged", "unchanged"]
    assert outcomes(run(ctx, guard, append(words, "new"))) == ["changed", "changed"]


def test_a_check_that_depends_on_an_earlier_step_is_decided_later(
    ctx: Context, words: list[str]
) -> None:
    first, fussy = append(words, "first"), append(words, "second", Fussy)
    assert isinstance(make_plan([first, fussy], ctx)[1].finding, Undecided)
    assert outcomes(run(ctx, first, fussy)) == ["changed", "changed"]


def test_an_error_that_no_earlier_step_can_remove_is_raised(ctx: Context, words: list[str]) -> None:
    with pytest.raises(CosmicError, match="first is not there"):
        make_plan([append(words, "here"), append(words, "second", Fussy)], ctx)


def test_an_unproven_check_undoes_the_run_and_keeps_its_exit_code(
    ctx: Context, words: list[str]
) -> None:
    """It is not known to be broken, and a pipeline can tell the two apart."""
    made = run(ctx, append(words, "a", Break, error=NotProven("only a rate limit answered")))
    assert words == ["here"] and outcomes(made) == ["failed"]
    assert made.error is not None and made.error.exit_code == ExitCode.CHECK_FAILED


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("s", "as before: images and containers of the application, schema"),
        (None, "as before: images and containers of the application; the schema could not"),
    ],
)
def test_after_an_undo_only_what_was_compared_is_reported_as_the_same(
    ctx: Context, words: list[str], monkeypatch: pytest.MonkeyPatch, schema: str | None, told: str
) -> None:
    state = {"tags": {}, "containers": {}, "schema": schema, "migrations": None}
    monkeypatch.setattr(undo_error, "observe", lambda _: state)
    made = Run(ctx=ctx, before=state)
    made.execute(make_plan([append(words, "a"), append(words, "b", Break)], ctx))
    assert made.error is not None and told in made.error.details[0]


class Kept(Break):
    """Has no way back."""

    undo = Step.undo


def test_without_a_comparison_nothing_is_reported_as_the_same(
    ctx: Context, words: list[str]
) -> None:
    made = Run(ctx=ctx, before={"tags": {}, "containers": {}, "schema": "s", "migrations": []})
    made.execute(make_plan([append(words, "b", Kept)], ctx))
    assert made.error is not None and made.error.details == ()


def test_a_step_that_only_checks_passes_and_the_run_is_unchanged(ctx: Context) -> None:
    class Check(Step):
        kind: ClassVar[str] = "check"
        only_checks: ClassVar[bool] = True

        def check(self, ctx: Context) -> Change | Unchanged:
            return Change(summary="try it")

        def apply(self, ctx: Context, change: Change) -> Result:
            return {}

        def verify(self, ctx: Context, change: Change) -> None:
            """The attempt is the check."""

    made = run(ctx, Check(name="check"))
    assert outcomes(made) == ["passed"]
    assert made.has_applied and not made.changed

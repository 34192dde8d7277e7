"""Steps that append words to a list, and the outcomes of a run of them."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


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


def run(ctx: Context, *steps: Step) -> Run:
    """Plan and run these steps; return the run, which may have failed."""
    finished = Run(ctx=ctx)
    finished.execute(make_plan(steps, ctx))
    return finished


def outcomes(finished: Run) -> list[str]:
    return [result.outcome for result in finished.results]


def append(words: list[str], word: str, kind: type[Append] = Append, **more: Any) -> Append:
    # pydantic would copy the list; the steps of one test share it
    return kind.model_construct(name=word, words=words, word=word, **more)

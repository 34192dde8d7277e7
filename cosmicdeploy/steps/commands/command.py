"""What steps that run a command of one's own have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_fixed

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CheckFailed, CosmicError
from cosmicdeploy.events import Notice
from cosmicdeploy.steps.base import Change, Outcome, Result, Step, Unchanged
from cosmicdeploy.steps.commands.new_image import last_lines

# Of what a command that is well printed.
LINES_SHOWN = 20
Words = tuple[str, ...]


class Retry(BaseModel):
    """How often a command that fails is tried, and how many seconds are between."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    times: int = Field(default=1, ge=1, description="So many tries at most.")
    seconds: float = Field(default=5, ge=0, description="Between two tries.")


class CommandStep(Step):
    """A command that ends with exit code 0 is well.

    What makes it idempotent only its author knows: `unless`, or `changes: false`.
    """

    run: Words = Field(min_length=1, description="The command, a word each; no shell reads them.")
    expect: str = Field(default="", description="A text that it has to print.")
    unless: Words = Field(
        default=(),
        description="Where this command ends with 0, nothing is to be done; after `run` it must.",
    )
    changes: bool = Field(
        default=True, description="False for one that only looks: it is run each time."
    )
    undo_with: Words = Field(
        default=(),
        description="Takes `run` back, also half of it. Without it there is no way back.",
    )
    retry: Retry = Field(default=Retry(), description="Try again where it fails.")
    on_failure: Literal["stop", "go-on"] = Field(
        default="stop", description="`go-on` only tells of a failure."
    )

    @model_validator(mode="after")
    def _looks_or_changes(self) -> CommandStep:
        if not self.changes and (self.unless or self.undo_with):
            raise ValueError("A step that changes nothing has neither `unless` nor `undo_with`")
        return self

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        """Run a command where this kind of step runs it."""
        raise NotImplementedError

    def check(self, ctx: Context) -> Change | Unchanged:
        self.require(ctx)
        if not self.changes:
            return self._look(ctx)
        if self.unless and self.call(ctx, self.unless).exit_code == 0:
            return Unchanged(reason=f"`{' '.join(self.unless)}` ends with 0")
        return Change(summary=f"run `{self.told}`")

    def require(self, ctx: Context) -> None:
        """Raise `Refused` where it can never run."""

    @property
    def told(self) -> str:
        """The command in a line, with where it runs."""
        return f"{self.kind} {' '.join(self.run)}"

    @property
    def reversible(self) -> bool:
        return bool(self.undo_with)

    def outcome(self, *, applied: bool) -> Outcome:
        return super().outcome(applied=applied) if self.changes else "passed"

    @property
    def cost(self) -> str:
        return "" if self.undo_with or not self.changes else f"`{self.told}` has no way back"

    def _look(self, ctx: Context) -> Unchanged:
        if ctx.planning and (ctx.ahead or ctx.only_plan):
            return Unchanged(reason="looked at by the run itself", later=True)
        failure = self._tried(ctx)
        if failure is None:
            return Unchanged(reason=f"`{self.told}` is well")
        if self.on_failure == "stop":
            raise failure
        return Unchanged(reason=f"gone on: {failure.what}", facts={"failed": failure.what})

    def apply(self, ctx: Context, change: Change) -> Result:
        failure = self._tried(ctx)
        if failure is None:
            return {"exit_code": 0}
        if self.on_failure == "stop":
            raise failure
        ctx.warn(f"{failure.what}; going on")
        return {"failed": failure.what}

    def _tried(self, ctx: Context) -> CosmicError | None:
        """Why the last try failed, None once one did not."""
        trying = Retrying(
            stop=stop_after_attempt(self.retry.times),
            wait=wait_fixed(self.retry.seconds),
            retry=retry_if_result(lambda failure: failure is not None),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        return trying(self._once, ctx)

    def _once(self, ctx: Context) -> CosmicError | None:
        ctx.safe_point()
        result = self.call(ctx, self.run)
        if result.exit_code == 0 and self.expect in result.text:
            self._show(ctx, result)
            return None
        kind = CosmicError if self.changes else CheckFailed
        ended = f"ended with exit code {result.exit_code}"
        return kind(
            f"`{self.told}` {ended if result.exit_code else f'did not print {self.expect!r}'}",
            where=self.name,
            todo="see its last lines above, and run it by hand",
            details=last_lines(result),
        )

    def _show(self, ctx: Context, result: ExecResult) -> None:
        """What it printed is kept nowhere else."""
        for line in last_lines(result, LINES_SHOWN):
            ctx.emit(Notice(text=f"  {self.name}: {line}"))

    def verify(self, ctx: Context, change: Change) -> None:
        """The exit code was the proof; `unless`, where there is one, has to agree."""
        if self.unless and self.on_failure == "stop":
            super().verify(ctx, change)

    def undo(self, ctx: Context, change: Change) -> None:
        if not self.undo_with:
            return
        result = self.call(ctx, self.undo_with)
        if result.exit_code != 0:
            raise CosmicError(
                f"`{' '.join(self.undo_with)}` ended with exit code {result.exit_code}",
                where=self.name,
                todo="undo by hand what the step did",
                details=last_lines(result),
            )

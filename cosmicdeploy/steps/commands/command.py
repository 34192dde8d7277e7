"""The base of the steps `console` and `exec`, which run a command of the operator's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CheckFailed, CosmicError
from cosmicdeploy.events import Notice
from cosmicdeploy.polling import poll
from cosmicdeploy.steps.base import Change, Outcome, Result, Step, Unchanged
from cosmicdeploy.steps.commands.new_image import last_lines

# Of the output of a command that succeeds.
LINES_SHOWN = 20
Words = tuple[str, ...]


class Retry(BaseModel):
    """How often a failing command is tried, and the seconds between."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    times: int = Field(default=1, ge=1, description="Tries at most.")
    seconds: float = Field(default=5, ge=0, description="Seconds between two tries.")


class CommandStep(Step):
    """A command that succeeds with exit code 0.

    Its author says what makes it idempotent: `unless`, or `changes: false`.
    """

    run: Words = Field(min_length=1, description="The command, a word each; no shell reads them.")
    expect: str = Field(default="", description="Text that its output has to contain.")
    unless: Words = Field(
        default=(),
        description="If this command exits with 0, `run` is skipped; after `run` it has to.",
    )
    changes: bool = Field(
        default=True, description="False for a command that only reads: it runs each time."
    )
    undo_with: Words = Field(
        default=(),
        description="Undoes `run`, also half of it. Without it the step cannot be undone.",
    )
    retry: Retry = Field(default=Retry(), description="Try again if it fails.")
    on_failure: Literal["stop", "go-on"] = Field(
        default="stop", description="`go-on` only reports a failure."
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
        return Change(summary=f"run `{self.command}`")

    def require(self, ctx: Context) -> None:
        """Raise `Refused` if the command cannot run at all."""

    @property
    def command(self) -> str:
        """The command in one line, with the service it runs in."""
        return f"{self.kind} {' '.join(self.run)}"

    @property
    def reversible(self) -> bool:
        return bool(self.undo_with)

    def outcome(self, *, applied: bool) -> Outcome:
        return super().outcome(applied=applied) if self.changes else "passed"

    @property
    def cost(self) -> str:
        return "" if self.undo_with or not self.changes else f"`{self.command}` cannot be undone"

    def _look(self, ctx: Context) -> Unchanged:
        if ctx.run.is_planning and (ctx.run.steps_ahead or ctx.run.is_plan_only):
            return Unchanged(reason="checked in the run", later=True)
        failure = self._try(ctx)
        if failure is None:
            return Unchanged(reason=f"`{self.command}` is well")
        if self.on_failure == "stop":
            raise failure
        return Unchanged(reason=f"gone on: {failure.what}", facts={"failed": failure.what})

    def apply(self, ctx: Context, change: Change) -> Result:
        failure = self._try(ctx)
        if failure is None:
            return {"exit_code": 0}
        if self.on_failure == "stop":
            raise failure
        ctx.warn(f"{failure.what}; going on")
        return {"failed": failure.what}

    def _try(self, ctx: Context) -> CosmicError | None:
        """Return why the last try failed; None once one succeeds."""
        return poll(
            lambda: self._once(ctx),
            until=lambda failure: failure is None,
            every=self.retry.seconds,
            attempts=self.retry.times,
        )

    def _once(self, ctx: Context) -> CosmicError | None:
        ctx.safe_point()
        result = self.call(ctx, self.run)
        if result.exit_code == 0 and self.expect in result.text:
            self._show(ctx, result)
            return None
        kind = CosmicError if self.changes else CheckFailed
        ended = f"ended with exit code {result.exit_code}"
        return kind(
            f"`{self.command}` {ended if result.exit_code else f'did not print {self.expect!r}'}",
            where=self.name,
            todo="see its last lines above, then run it by hand",
            details=last_lines(result),
        )

    def _show(self, ctx: Context, result: ExecResult) -> None:
        """Show the output, which is kept nowhere else."""
        for line in last_lines(result, LINES_SHOWN):
            ctx.emit(Notice(text=f"  {self.name}: {line}"))

    def verify(self, ctx: Context, change: Change) -> None:
        """The exit code is the verification; `unless`, if set, has to agree."""
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

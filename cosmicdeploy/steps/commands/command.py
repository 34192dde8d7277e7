"""The base class of the steps `console` and `exec`, which run any command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CheckFailed, CosmicError
from cosmicdeploy.events import Notice
from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.process.polling import poll
from cosmicdeploy.steps.base import Change, Outcome, Result, Step, Unchanged
from cosmicdeploy.steps.commands.new_image import last_lines

# How many of the last lines of a successful command's output are shown.
LINES_SHOWN = 20
Words = tuple[str, ...]


class Retry(WrittenModel):
    """How many times a failing command is tried, and the seconds between two tries."""

    model_config = ConfigDict(defer_build=True)

    times: int = Field(default=1, ge=1, description="Maximum number of tries.")
    seconds: float = Field(default=5, ge=0, description="Seconds between two tries.")


class CommandStep(Step):
    """Run a command; it succeeds if it exits with 0 and prints what `expect` requires.

    The author of the playbook makes the step idempotent, by `unless` or `changes: false`.
    """

    run: Words = Field(
        min_length=1, description="The command as a list of words; no shell interprets them."
    )
    expect: str = Field(default="", description="Text that the standard output must contain.")
    unless: Words = Field(
        default=(),
        description="`run` is skipped if this command exits with 0. After `run`, this command has"
        " to exit with 0.",
    )
    changes: bool = Field(
        default=True, description="False for a command that only reads: it runs each time."
    )
    undo_with: Words = Field(
        default=(),
        description="Command that undoes `run`, even if `run` is half done. Without it, the step is"
        " not undone.",
    )
    retry: Retry = Field(default=Retry(), description="Try again if it fails.")
    on_failure: Literal["stop", "go-on"] = Field(
        default="stop", description="`go-on` only reports a failure."
    )

    @model_validator(mode="after")
    def _require_consistent_options(self) -> CommandStep:
        if not self.changes and (self.unless or self.undo_with):
            raise ValueError("A step that changes nothing has neither `unless` nor `undo_with`")
        return self

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        """Run a command in the container that this kind of step uses."""
        raise NotImplementedError

    def check(self, ctx: Context) -> Change | Unchanged:
        self.require(ctx)
        if not self.changes:
            return self._check_only(ctx)
        if self.unless and self.call(ctx, self.unless).exit_code == 0:
            return Unchanged(reason=f"`{' '.join(self.unless)}` exits with 0")
        return Change(summary=f"run `{self.command}`")

    def require(self, ctx: Context) -> None:
        """Raise `Refused` if the command cannot run at all."""

    @property
    def command(self) -> str:
        """The command in one line, as plans and errors show it."""
        return f"{self.kind} {' '.join(self.run)}"

    @property
    def reversible(self) -> bool:
        return bool(self.undo_with)

    def outcome(self, *, applied: bool) -> Outcome:
        return super().outcome(applied=applied) if self.changes else "passed"

    @property
    def cost(self) -> str:
        return "" if self.undo_with or not self.changes else f"`{self.command}` cannot be undone"

    def _check_only(self, ctx: Context) -> Unchanged:
        """Run a command that changes nothing, and return its result.

        `--plan` does not run it. The plan of a run leaves it to the run if an earlier step changes
        something.
        """
        if ctx.run.is_planning and (ctx.run.steps_ahead or ctx.run.is_plan_only):
            return Unchanged(reason="checked in the run", later=True)
        failure = self._try(ctx)
        if failure is None:
            return Unchanged(reason=f"`{self.command}` succeeded")
        if self.on_failure == "stop":
            raise failure
        return Unchanged(
            reason=f"went on after a failure: {failure.what}", facts={"failed": failure.what}
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        failure = self._try(ctx)
        if failure is None:
            return {"exit_code": 0}
        if self.on_failure == "stop":
            raise failure
        ctx.warn(f"{failure.what}; the run goes on")
        return {"failed": failure.what}

    def _try(self, ctx: Context) -> CosmicError | None:
        """Return why the last try failed; None once a try succeeds."""
        return poll(
            lambda: self._once(ctx),
            until=lambda failure: failure is None,
            every=self.retry.seconds,
            attempts=self.retry.times,
            sleep=ctx.sleep,
        )

    def _once(self, ctx: Context) -> CosmicError | None:
        ctx.safe_point()
        result = self.call(ctx, self.run)
        if result.exit_code == 0 and self.expect in result.text:
            self._show(ctx, result)
            return None
        if result.exit_code != 0:
            problem = f"ended with exit code {result.exit_code}"
        else:
            problem = f"did not print {self.expect!r} to its standard output"
        error_type = CosmicError if self.changes else CheckFailed
        return error_type(
            f"`{self.command}` {problem}",
            where=self.name,
            todo="see its last lines, then run it by hand",
            details=last_lines(result),
        )

    def _show(self, ctx: Context, result: ExecResult) -> None:
        """Show the last lines of the output, which is stored nowhere."""
        for line in last_lines(result, LINES_SHOWN):
            ctx.emit(Notice(text=f"  {self.name}: {line}"))

    def verify(self, ctx: Context, change: Change) -> None:
        """Check that `unless`, if set, now succeeds; `apply` has checked the exit code of `run`.

        With `on_failure: go-on`, checks nothing: `run` may have failed.
        """
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

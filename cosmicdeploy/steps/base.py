"""What every kind of step is: look, change, look again, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, NeedsPerson

Result = dict[str, Any]
# How a step that did not fail ends: a step that only checks has `passed`.
Outcome = Literal["passed", "changed", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a step would change. `before` is JSON, free of secrets, and enough to undo it; `facts`
    are what a plan shows beside the summary."""

    summary: str
    before: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """Nothing is to be done, and why; `facts` are what holds already.

    `later`: a plan leaves this check to the run.
    """

    reason: str
    later: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Can only be seen once an earlier step has made its change."""

    reason: str


Finding = Change | Unchanged | Undecided


class NotReversible(CosmicError):
    """Undoing this would lose data, so only a person may decide on it."""


class Step(BaseModel):
    """One idempotent piece of the procedure; its fields are the keys it takes in a playbook."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: ClassVar[str]
    # Leaves the stack as it is: it passes or fails.
    only_checks: ClassVar[bool] = False
    # What other steps, and the run, depend on.
    builds_images: ClassVar[bool] = False
    loads_backup: ClassVar[bool] = False
    migrates: ClassVar[bool] = False
    recovers: ClassVar[bool] = False
    replaces_containers: ClassVar[bool] = False
    resumes_clients: ClassVar[bool] = False
    stops_writers: ClassVar[bool] = False
    # Whether a check after `apply` has to find nothing to do; False where that proves no more.
    is_checked_again: ClassVar[bool] = True
    # Puts other data in place: not to be undone once clients were let in again.
    exchanges_data: ClassVar[bool] = False
    # Where undoing it fails, nothing before it is undone: that would be without its data.
    keeps_data: ClassVar[bool] = False
    # Needs the backup that a rollback goes to.
    goes_back: ClassVar[bool] = False

    name: str = Field(description="What the step is called. Default: its kind.")

    _place: str = PrivateAttr(default="")

    @property
    def place(self) -> str:
        """Where the step is written, "file:line"; "" where no playbook has it."""
        return self._place

    def placed(self, place: str) -> Self:
        """The same step, written there."""
        made = self.model_copy()
        made._place = place
        return made

    @classmethod
    def recorded(cls, options: Mapping[str, Any]) -> Self:
        """The step of a journal's record; raises `NeedsPerson` where this version does not know its
        keys."""
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            raise NeedsPerson(
                f"What an interrupted run did cannot be read: {error.errors()[0]['msg']}",
                where=f"an intent of the kind {cls.kind} in the journal",
                todo=f"use the version of cosmicdeploy that began it; or {ACCEPT}",
            ) from error

    def alone(self) -> Step:
        """The step as it is when somebody asks for it by name."""
        return self

    def check(self, ctx: Context) -> Finding:
        """Compare live facts with what is wanted; changes nothing.

        `Undecided` only while a plan is being made, where an earlier step will change something.
        """
        raise NotImplementedError

    def apply(self, ctx: Context, change: Change) -> Result:
        """Make the change; what came of it, for journal and report."""
        raise NotImplementedError

    def verify(self, ctx: Context, change: Change) -> None:
        """Check that the change was made: by default, that a new check finds nothing to do.

        Raises `CosmicError` if it was not.
        """
        if not self.is_checked_again:
            return
        again = self.check(ctx.with_cached_facts())
        if isinstance(again, Change):
            raise CosmicError(
                f"The step {self.name} ran, but there is still something to change",
                details=(again.summary,),
            )

    def undo(self, ctx: Context, change: Change) -> None:
        """Go back to `change.before`, also from half-way; raises `NotReversible`."""

    @property
    def protective(self) -> bool:
        """Whether it is judged last: it is needed where another step changes something."""
        return False

    def outcome(self, *, applied: bool) -> Outcome:
        """Return how the step ended; `applied` says whether it had something to do."""
        if self.only_checks:
            return "passed"
        return "changed" if applied else "unchanged"

    @property
    def cost(self) -> str:
        """What somebody has to agree to before one's own playbook does this; "" where nothing."""
        return ""

    def left_standing(self, change: Change) -> str:
        """What of the change `undo` leaves in place on purpose, for people; "" for nothing."""
        return ""

    @property
    def reversible(self) -> bool:
        """Whether undoing it changes anything."""
        return type(self).undo is not Step.undo

    def settle(self, ctx: Context, change: Change) -> None:
        """The whole run succeeded: let go of what was kept for the way back only."""

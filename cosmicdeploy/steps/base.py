"""The base of every kind of step: check, apply, verify, undo."""

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
    """What a step would change.

    `before` is JSON without secrets, enough to undo the change; `facts` are shown in a plan beside
    the summary.
    """

    summary: str
    before: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """There is nothing to do, and why; `facts` go into the report.

    `later`: the plan leaves this check to the run.
    """

    reason: str
    later: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """What the step would change is known only after an earlier step has made its change."""

    reason: str


Finding = Change | Unchanged | Undecided


class NotReversible(CosmicError):
    """An undo would lose data, so only an operator may decide on it."""


class Step(BaseModel):
    """One idempotent part of a procedure; its fields are its keys in a playbook."""

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
    # Whether a new check after `apply` must find nothing to do; False if it would prove nothing.
    is_checked_again: ClassVar[bool] = True
    # Puts other data in place: cannot be undone once clients were let in again.
    swaps_data: ClassVar[bool] = False
    # If its undo fails, no earlier step is undone: these belong to the data that stays.
    keeps_data: ClassVar[bool] = False
    # Needs the backup that a rollback goes back to.
    needs_target_backup: ClassVar[bool] = False

    name: str = Field(description="What the step is called. Default: its kind.")

    _place: str = PrivateAttr(default="")

    @property
    def place(self) -> str:
        """Where the playbook declares the step, "file:line"; "" if no playbook does."""
        return self._place

    def placed(self, place: str) -> Self:
        """Return the step with its place in a playbook."""
        step = self.model_copy()
        step._place = place
        return step

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> Self:
        """Return the step of a record; raises `NeedsPerson` if its keys are unknown."""
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            raise NeedsPerson(
                f"What an interrupted run did cannot be read: {error.errors()[0]['msg']}",
                where=f"an intent of the kind {cls.kind} in the journal",
                todo=f"use the version of cosmicdeploy that began it; or {ACCEPT}",
            ) from error

    def alone(self) -> Step:
        """Return the step as it is when it runs without the others of its playbook."""
        return self

    def check(self, ctx: Context) -> Finding:
        """Compare the running stack with what is declared; change nothing.

        Return `Undecided` only while a plan is made in which an earlier step changes something.
        """
        raise NotImplementedError

    def apply(self, ctx: Context, change: Change) -> Result:
        """Make the change; return its results, for journal and report."""
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
        """Restore `change.before`, also from any state in between; raises `NotReversible`."""

    @property
    def protective(self) -> bool:
        """Whether it is checked last: it is needed only if another step changes something."""
        return False

    def outcome(self, *, applied: bool) -> Outcome:
        """Return how the step ended; `applied` says whether it had something to do."""
        if self.only_checks:
            return "passed"
        return "changed" if applied else "unchanged"

    @property
    def cost(self) -> str:
        """What an operator has to confirm before a playbook of theirs does this; "" for nothing."""
        return ""

    def kept_after_undo(self, change: Change) -> str:
        """Return what of the change `undo` leaves in place on purpose, as text; "" for nothing."""
        return ""

    @property
    def reversible(self) -> bool:
        """Whether undoing it changes anything."""
        return type(self).undo is not Step.undo

    def settle(self, ctx: Context, change: Change) -> None:
        """Remove what was kept only for an undo; called when the whole run has succeeded."""

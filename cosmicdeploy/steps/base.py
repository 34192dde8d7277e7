"""The base class of every kind of step."""

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

    `before` is JSON without secrets, enough to undo the change. `facts` are shown in a plan beside
    `summary`.
    """

    summary: str
    before: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """There is nothing to change; `reason` says why.

    `later`: the check was not made yet, because only a run makes it. `facts` go into the report.
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
    """Undoing a step would lose data, so an operator has to decide."""


class Step(BaseModel):
    """One idempotent step of a playbook; its fields are its options there."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: ClassVar[str]
    # Leaves the stack as it is; the step passes or fails.
    only_checks: ClassVar[bool] = False
    # Effects that other steps and the run depend on (`StepEffects`).
    builds_images: ClassVar[bool] = False
    loads_backup: ClassVar[bool] = False
    migrates: ClassVar[bool] = False
    recovers: ClassVar[bool] = False
    replaces_containers: ClassVar[bool] = False
    resumes_clients: ClassVar[bool] = False
    stops_writers: ClassVar[bool] = False
    # Whether a backup is made before the step changes something.
    needs_backup: ClassVar[bool] = True
    # Whether `verify` checks once more, and must then find nothing to change.
    is_checked_again: ClassVar[bool] = True
    # Puts other data in place, so it cannot be undone once clients have been let in again.
    swaps_data: ClassVar[bool] = False
    # If its undo fails, no earlier step is undone: their changes belong to the data that stays.
    keeps_data: ClassVar[bool] = False
    # Works only in a rollback: needs the backup to roll back to.
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
        """Return the step with recorded options; raises `NeedsPerson` if they are not valid."""
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            raise NeedsPerson(
                f"What an interrupted run did cannot be read: {error.errors()[0]['msg']}",
                where=f"an intent of the kind {cls.kind} in the journal",
                todo=f"use the version of cosmicdeploy that started the run; or {ACCEPT}",
            ) from error

    def alone(self) -> Step:
        """Return the step for a run without the other steps of its playbook."""
        return self

    def check(self, ctx: Context) -> Finding:
        """Compare the running stack with what is declared; change nothing.

        Returns `Undecided` only in a plan in which an earlier step changes something.
        """
        raise NotImplementedError

    def apply(self, ctx: Context, change: Change) -> Result:
        """Make the change; return facts about it for journal and report."""
        raise NotImplementedError

    def verify(self, ctx: Context, change: Change) -> None:
        """Raise `CosmicError` if the change was not made.

        By default, checks once more whether there is anything to change.
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
        """Restore `change.before`, from any state that a killed `apply` may leave.

        Raises `NotReversible` if that would lose data.
        """

    @property
    def protective(self) -> bool:
        """Whether the step is needed only if another step changes something; checked last."""
        return False

    def outcome(self, *, applied: bool) -> Outcome:
        """Return how the step ended; `applied` says whether it had something to change."""
        if self.only_checks:
            return "passed"
        return "changed" if applied else "unchanged"

    @property
    def cost(self) -> str:
        """What the operator has to confirm before `playbook run` runs the step; "" for nothing."""
        return ""

    def kept_after_undo(self, change: Change) -> str:
        """Describe what `undo` leaves in place on purpose; "" for nothing."""
        return ""

    @property
    def reversible(self) -> bool:
        """Whether `undo` restores anything."""
        return type(self).undo is not Step.undo

    def settle(self, ctx: Context, change: Change) -> None:
        """Remove what was kept only for an undo; called once the whole run has succeeded."""

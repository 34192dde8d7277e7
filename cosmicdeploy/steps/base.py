"""The base class of every kind of step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, PrivateAttr, ValidationError

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.files.written_model import WrittenModel

Result = dict[str, Any]
# The outcomes of a step that did not fail. `passed`: the step only checked something.
Outcome = Literal["passed", "changed", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a step would change.

    `summary` describes the change in one line; `facts` are further details for the plan's report.
    `before` is the previous state as JSON, enough to undo the change. The journal records it, so it
    holds no secrets.
    """

    summary: str
    before: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """There is nothing to change; `reason` says why.

    `later`: the plan has not checked the step, and the run will. `facts` go into the report.
    """

    reason: str
    later: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """The plan cannot tell what the step changes: that depends on an earlier step's change."""

    reason: str


Finding = Change | Unchanged | Undecided


class NotReversible(CosmicError):
    """Undoing a step would lose data, so an operator has to decide."""


class Step(WrittenModel):
    """One idempotent step of a playbook; the fields are the step's options in the playbook."""

    model_config = ConfigDict(defer_build=True)

    kind: ClassVar[str]
    # The step changes no service of the stack; it passes or fails.
    only_checks: ClassVar[bool] = False
    # Effects that other steps and the run depend on (`StepEffects` in `context/run_scope.py`).
    builds_images: ClassVar[bool] = False
    loads_backup: ClassVar[bool] = False
    migrates: ClassVar[bool] = False
    recovers: ClassVar[bool] = False
    replaces_containers: ClassVar[bool] = False
    resumes_clients: ClassVar[bool] = False
    starts_services: ClassVar[bool] = False
    stops_writers: ClassVar[bool] = False
    # Whether a backup is made before the step changes something.
    needs_backup: ClassVar[bool] = True
    # Whether `verify` runs `check` again, which must then find nothing to change.
    is_checked_again: ClassVar[bool] = True
    # The step or its undo swaps data: once clients are let in again, an undo would lose their rows.
    swaps_data: ClassVar[bool] = False
    # If this step's undo fails, the steps before it are not undone: the new data stays in place,
    # and needs their changes.
    keeps_data: ClassVar[bool] = False
    # The step runs services that may change any data, so its undo leaves the database as it is.
    leaves_data_changed: ClassVar[bool] = False
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
        """Return the step with the options that the journal recorded.

        Raises `NeedsPerson` if the options are not valid in this version.
        """
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            raise NeedsPerson(
                f"A step of an interrupted run cannot be read: {error.errors()[0]['msg']}",
                where=f"a begun step of the kind {cls.kind} in the journal",
                todo=f"use the version of cosmicdeploy that started the run; or {ACCEPT}",
            ) from error

    def alone(self) -> Step:
        """Return the step as it runs by itself, without the other steps of its playbook."""
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

        By default, runs `check` again, which must find nothing to change.
        """
        if not self.is_checked_again:
            return
        again = self.check(ctx.with_cached_facts())  # a new cache, filled after `apply`
        if isinstance(again, Change):
            raise CosmicError(
                f"The step {self.name} ran, but there is still something to change",
                details=(again.summary,),
            )

    def undo(self, ctx: Context, change: Change) -> None:
        """Restore `change.before`, from any state that a killed `apply` may leave.

        By default, does nothing. Raises `NotReversible` if the undo would lose data.
        """

    def creates(self, ctx: Context) -> Sequence[str]:
        """Return the services that the step creates containers of, if they have none."""
        return ()

    def affected(self, change: Change) -> frozenset[str]:
        """Return the services whose containers the change creates or replaces."""
        return frozenset()

    @property
    def protective(self) -> bool:
        """Whether the step is needed only if another step changes something.

        A plan checks such steps last.
        """
        return False

    def outcome(self, *, applied: bool) -> Outcome:
        """Return how the step ended; `applied` says whether the step made a change."""
        if self.only_checks:
            return "passed"
        return "changed" if applied else "unchanged"

    @property
    def cost(self) -> str:
        """A warning that the operator has to confirm before `playbook run`; "" for none."""
        return ""

    def kept_after_undo(self, change: Change) -> str:
        """Describe what `undo` leaves in place on purpose; "" for nothing."""
        return ""

    def leaves_data(self, change: Change) -> bool:
        """Whether `undo` leaves what the step, or services that it ran, did to the database."""
        return self.leaves_data_changed

    @property
    def reversible(self) -> bool:
        """Whether `undo` restores anything."""
        return type(self).undo is not Step.undo

    def settle(self, ctx: Context, change: Change) -> None:
        """Remove what was kept only for an undo; called once the whole run has succeeded.

        By default, does nothing.
        """

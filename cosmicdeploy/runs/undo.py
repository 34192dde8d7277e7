"""Undo applied steps in reverse, of this run or of interrupted ones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, LockLost, NeedsPerson, to_cosmic_error
from cosmicdeploy.journal.interrupted_run import Intent, InterruptedRun
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.steps.base import Change, NotReversible, Step
from cosmicdeploy.steps.containers.maintenance import is_maintenance_on
from cosmicdeploy.steps.kinds import KINDS


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A step that has begun to change something; `run` is the id of its run."""

    step: Step
    change: Change
    run: str

    def description(self) -> str:
        """The change, and what of it remains after the undo, as text."""
        return "; ".join(
            filter(None, (self.change.summary, self.step.kept_after_undo(self.change)))
        )


def applied_by(runs: Sequence[InterruptedRun]) -> list[Applied]:
    """Return the steps of interrupted runs that are not undone, in the order in which they began.

    Raises `NeedsPerson` for a kind of step that this version does not know.
    """
    return [
        Applied(step=_step(intent), change=_change(intent), run=run.id)
        for run in runs
        for intent in run.intents
    ]


def _step(intent: Intent) -> Step:
    if intent.kind not in KINDS:
        raise NeedsPerson(
            f"An interrupted run did something that this version does not know: {intent.kind}",
            where=intent.name,
            todo=f"run the version of cosmicdeploy that it was; or {ACCEPT}",
        )
    return KINDS[intent.kind].from_record(intent.options)


def _change(intent: Intent) -> Change:
    return Change(summary=intent.summary, before=intent.before)


def has_swapped_data(applied: Sequence[Applied]) -> bool:
    """Whether one of these steps puts other data in place."""
    return any(one.step.swaps_data for one in applied)


@dataclass(frozen=True, kw_only=True)
class UndoResult:
    """The steps that were undone, and the first error."""

    undone: Sequence[Applied]
    error: CosmicError | None


def undo_all(ctx: Context, applied: Sequence[Applied]) -> UndoResult:
    """Undo all steps, the last one first; after an error also the others.

    Stops at an error of a step that keeps data (`keeps_data`): what came before it belongs to the
    data that stays. Undoes nothing if clients were let in after data was swapped: what they have
    written since would be lost.
    """
    first_error: CosmicError | None = None
    undone: list[Applied] = []
    try:
        _require_no_client(ctx, applied)
    except CosmicError as error:
        return UndoResult(undone=(), error=error)
    for one in reversed(applied):
        ctx.say(f"undoing {one.step.name}")
        try:
            ctx.lock.require()
            one.step.undo(ctx, one.change)
        except LockLost as lost:
            return UndoResult(undone=undone, error=lost)
        except Exception as error:  # a partial undo must always be reported
            first_error = first_error or _of_record(to_cosmic_error(error), one)
            if one.step.keeps_data or isinstance(error, NotReversible):
                break
            continue
        note(ctx.journal.of_run(one.run), "undone", step=one.step.name, step_kind=one.step.kind)
        undone.append(one)
    return UndoResult(undone=undone, error=first_error)


def _of_record(error: CosmicError, one: Applied) -> CosmicError:
    """Return the error with the journal's record that it is about."""
    record = f"recorded by the step {one.step.name}" + (f" of the run {one.run}" * bool(one.run))
    error.details = (*error.details, record)
    return error


def _require_no_client(ctx: Context, applied: Sequence[Applied]) -> None:
    if has_swapped_data(applied) and not is_maintenance_on(ctx):
        raise NotReversible(
            "Clients have been let in, and what they have written since would be lost",
            where="database",
            todo="see `cosmicdeploy verify`; to return to the backup that the run made first: "
            "`cosmicdeploy rollback --to latest`",
        )


def note(journal: Journal, kind: str, **facts: object) -> None:
    """Write a record during an undo, which a full disk must not stop."""
    with suppress(OSError):
        journal.append(kind, **facts)

"""Undo the steps of a run, or of interrupted runs, in reverse order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, CosmicError, LockLost, NeedsPerson, to_cosmic_error
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.unfinished.interrupted_run import Intent, InterruptedRun
from cosmicdeploy.runs.undo.snapshot import DATA_LINES
from cosmicdeploy.steps.base import Change, NotReversible, Step
from cosmicdeploy.steps.containers.maintenance.maintenance import is_maintenance_on
from cosmicdeploy.steps.kinds import KINDS


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A step that has begun to change something; `run` is the id of its run."""

    step: Step
    change: Change
    run: str

    def description(self) -> str:
        """Describe the change, and what of it remains after an undo."""
        return "; ".join(
            filter(None, (self.change.summary, self.step.kept_after_undo(self.change)))
        )


def applied_by(runs: Sequence[InterruptedRun]) -> list[Applied]:
    """Return the steps of interrupted runs that are not undone yet, in the order they began.

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
            f"An interrupted run has a kind of step that this version does not know: {intent.kind}",
            where=intent.name,
            todo=f"use the version of cosmicdeploy that started the run; or {ACCEPT}",
        )
    return KINDS[intent.kind].from_record(intent.options)


def _change(intent: Intent) -> Change:
    return Change(summary=intent.summary, before=intent.before)


def has_swapped_data(applied: Sequence[Applied]) -> bool:
    """Return whether one of these steps puts other data in place in the database."""
    return any(each.step.swaps_data for each in applied)


def unexpected(applied: Sequence[Applied], differences: Sequence[str]) -> Sequence[str]:
    """Return the differences from the state before, without those that the steps leave on purpose.

    A step that leaves data in place explains every difference of the database.
    """
    if not any(each.step.leaves_data(each.change) for each in applied):
        return differences
    return [line for line in differences if line not in DATA_LINES.values()]


@dataclass(frozen=True, kw_only=True)
class UndoResult:
    """The steps that were undone, in the order of the undo, and the first error."""

    undone: Sequence[Applied]
    error: CosmicError | None


def undo_all(ctx: Context, applied: Sequence[Applied]) -> UndoResult:
    """Undo all steps, the last step first; return the undone steps and the first error.

    After most errors, the undo continues with the previous step. It ends if:
    - the lock is lost,
    - a step cannot be undone without losing data (`NotReversible`), or
    - the undo of a step with `keeps_data` fails: then the data that this step put in place stays,
      and needs the changes of the earlier steps.

    Undoes nothing if clients were let in after data was swapped, since what they have written would
    be lost. Before each step, waits for the stops of containers that a signal, or an error in the
    undo itself, has left behind.
    """
    ctx.run.stops.finish(ctx.say)
    first_error: CosmicError | None = None
    undone: list[Applied] = []
    try:
        _require_no_client(ctx, applied)
    except CosmicError as error:
        return UndoResult(undone=(), error=error)
    for each in reversed(applied):
        ctx.run.stops.finish(ctx.say)
        ctx.say(f"undoing {each.step.name}")
        try:
            ctx.lock.require()
            each.step.undo(ctx, each.change)
        except LockLost as lost:
            return UndoResult(undone=undone, error=lost)
        except Exception as error:  # a partial undo must always be reported
            first_error = first_error or _with_origin(to_cosmic_error(error), each)
            if each.step.keeps_data or isinstance(error, NotReversible):
                break
            continue
        journal = ctx.journal.of_run(each.run)
        note(journal, "undone", step=each.step.name, step_kind=each.step.kind)
        undone.append(each)
    ctx.run.stops.finish(ctx.say)
    return UndoResult(undone=undone, error=first_error)


def _with_origin(error: CosmicError, applied: Applied) -> CosmicError:
    """Add a detail to the error: which step of which run could not be undone."""
    origin = f"recorded by the step {applied.step.name}"
    if applied.run:
        origin += f" of the run {applied.run}"
    error.details = (*error.details, origin)
    return error


def _require_no_client(ctx: Context, applied: Sequence[Applied]) -> None:
    """Raise `NotReversible` if clients were let in after one of these steps swapped data."""
    if has_swapped_data(applied) and not is_maintenance_on(ctx):
        raise NotReversible(
            "Clients have been let in, and an undo would lose what they have written since",
            where="database",
            todo="see `cosmicdeploy verify`; to return to the backup that the run itself created: "
            "`cosmicdeploy rollback --to latest`",
        )


def note(journal: Journal, kind: str, **facts: object) -> None:
    """Write a journal record; ignore an error, since a full disk must not stop an undo.

    Such an error may be a `ConfigError`, if the journal is no longer a regular file.
    """
    with suppress(OSError, ConfigError):
        journal.append(kind, **facts)

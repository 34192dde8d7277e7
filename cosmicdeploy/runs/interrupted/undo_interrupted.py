"""Undo interrupted runs, and check that the state before them is restored."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.abort_advice import ACCEPT, with_abort_advice
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, LockLost, NeedsPerson
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun
from cosmicdeploy.runs.interrupted.interrupted import require_no_unknown_data
from cosmicdeploy.runs.undo.snapshot import changed, observe
from cosmicdeploy.runs.undo.undo import Applied, applied_by, has_swapped_data, undo_all, unexpected
from cosmicdeploy.steps.base import NotReversible
from cosmicdeploy.steps.containers.repair import start_support, wait_for_commands
from cosmicdeploy.steps.containers.run_to_end import wait_for_one_shots

# Advice after an undo that is recorded as complete, although the result is not proven.
OVER = (
    "the interrupted run is over: see `cosmicdeploy status`; `cosmicdeploy deploy` continues from"
    " here"
)
Runs = Sequence[InterruptedRun]


def undo_runs(ctx: Context, runs: Runs) -> Sequence[Applied]:
    """Undo these runs, the last step first, and check that the state before them is restored.

    First starts the database and the cache if they are stopped, and waits for services that still
    run to their end. Raises `NeedsPerson` if one of these does not end, the undo fails or that
    state is not restored, and `LockLost` if another run took the lock over.
    """
    if not runs:
        return ()
    ctx.say(f"undoing what the interrupted `cosmicdeploy {runs[0].command}` changed")
    require_no_unknown_data(ctx, runs)
    wait_for_commands(ctx)
    start_support(ctx)
    wait_for_one_shots(ctx)
    with ctx.interrupts.postponed():  # nothing is worse than an undo that stops half-way
        applied = applied_by(runs)
        result = undo_all(ctx, applied)
        _require_all_undone(runs, applied, result.error)
        ctx.journal.append("unwound", resolves=[run.id for run in runs])
        _require_as_before(ctx, runs, applied)
    return result.undone


def _require_all_undone(runs: Runs, applied: Sequence[Applied], error: CosmicError | None) -> None:
    if isinstance(error, LockLost):
        raise error
    if error is not None:
        raise NeedsPerson(
            f"An interrupted run cannot be undone: {error.what}",
            where=error.where,
            todo=_todo(runs, applied, error),
            details=(*(run.description() for run in runs), *error.details),
        )


def _todo(runs: Runs, applied: Sequence[Applied], error: CosmicError) -> str:
    """Return what to do about runs that cannot be undone because of the error."""
    todo = with_abort_advice(error.todo, data=has_swapped_data(applied))
    is_in_place = isinstance(error, NotReversible) and has_swapped_data(applied)
    if is_in_place and any(run.lost_records for run in runs):
        # While the changes of an interrupted run are not all known, every other command refuses.
        return f"{ACCEPT}; then {todo}"
    return todo


def _require_as_before(ctx: Context, runs: Runs, applied: Sequence[Applied]) -> None:
    """Raise `NeedsPerson` if the state before the runs is unknown, or the present one differs.

    Accepts differences that the undone steps (`applied`) leave on purpose. The runs are already
    recorded as undone, so nothing stands in the way of the next command.
    """
    if not runs[0].state:
        raise NeedsPerson(
            "An interrupted run was undone as far as its changes are known",
            where=str(ctx.journal.path),
            todo=OVER,
            details=[run.description() for run in runs],
        )
    state = runs[0].state
    differences = unexpected(applied, changed(state, observe(ctx, state)))
    if differences:
        raise NeedsPerson(
            "An interrupted run was undone, but the stack differs from its state before the run",
            where=differences[0],
            todo=OVER,
            details=differences,
        )

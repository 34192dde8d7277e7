"""The error of a failed run after its changes were undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.abort_advice import with_abort_advice
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed, CosmicError, NeedsPerson
from cosmicdeploy.runs.undo.snapshot import State, changed, compared, observe
from cosmicdeploy.runs.undo.undo import Applied, has_swapped_data, unexpected
from cosmicdeploy.text.shorten import join_errors
from cosmicdeploy.verification.still_failing import still_failing


@dataclass(frozen=True, kw_only=True)
class UndoProof:
    """The result of comparing the state after an undo with the state before the run.

    `compared` describes what was compared; "" if nothing was. `error` is set if the states differ,
    or if the state cannot be read.
    """

    compared: str = ""
    error: CosmicError | None = None


def prove_undo(ctx: Context, before: State | None, applied: Sequence[Applied]) -> UndoProof:
    """Compare the stack with the state before the run, after an undo without errors.

    Compares nothing if that state is unknown, or if no step has an `undo` that restores anything.
    """
    if before is None or not any(each.step.reversible for each in applied):
        return UndoProof()
    try:
        after = observe(ctx, before)
        differences = changed(before, after)
    except CosmicError as error:
        return UndoProof(error=error)
    unexplained = unexpected(applied, differences)
    if not unexplained:
        return UndoProof(compared=compared(before, after, expected=differences))
    return UndoProof(
        error=CosmicError(
            "The stack is not as it was before",
            where=unexplained[0],
            todo="see `cosmicdeploy status`, then deploy again or roll back",
            details=unexplained,
        )
    )


def after_undo(
    ctx: Context, error: CosmicError, applied: Sequence[Applied], compared: str
) -> CosmicError:
    """Return the run's error, with details about the undo and what still fails.

    `compared` is that of the `UndoProof`.
    A `CheckFailed` becomes a plain error: after the undo, the stack no longer fails the check.
    """
    kind = CosmicError if isinstance(error, CheckFailed) else type(error)
    details = list(error.details)
    details += filter(None, (each.step.kept_after_undo(each.change) for each in applied))
    details += still_failing(ctx)
    if compared:  # last, since the middle of many lines is left out
        details.append(f"undone, and the state is the same as before: {compared}")
    return kind(error.what, where=error.where, todo=error.todo, details=details)


def undo_failed(
    error: CosmicError, undo_error: CosmicError, applied: Sequence[Applied]
) -> NeedsPerson:
    """Return the error of a failed run whose undo failed as well."""
    return NeedsPerson(
        join_errors(error.what, "; and the undo failed: ", undo_error.what),
        where=undo_error.where or error.where,
        todo=with_abort_advice(undo_error.todo, data=has_swapped_data(applied)),
        details=(*error.details, *undo_error.details),
    )

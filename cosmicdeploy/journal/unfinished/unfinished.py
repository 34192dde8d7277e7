"""Find the runs that are not over: interrupted runs, and the current run.

A run is over once it has succeeded, once all its changes are undone, or once a later run has taken
care of it. A rollback is also over once its step `resume` has let clients in. A run is interrupted
if it was killed, or if it failed without a complete undo.

A later run needs to know what an interrupted run changed. It either undoes the interrupted run or
resumes it. If it resumes and then fails, it undoes both: back to the state before the *first* run.
"""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun


def unfinished(journal: Journal, *, own: bool = False) -> list[InterruptedRun]:
    """Return the interrupted runs, oldest first; with `own`, also the current run."""
    runs = journal.replay().open.values()
    return [run for run in runs if own or run.id != journal.run]


def resumed_and_current(
    journal: Journal, resumed: Iterable[InterruptedRun]
) -> list[InterruptedRun]:
    """Return the runs that the current run resumes, then the current run."""
    own = [run for run in unfinished(journal, own=True) if run.id == journal.run]
    return [*resumed, *own]

"""Choose which runs record a baseline, with which `checklist` compares on the day after."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.runs.execute import Recorder, Recording


def recorder_of(kind: RunKind) -> Recorder | None:
    """Return the recorder for a run of this kind: a function that creates a baseline's recording.

    Returns None if such a run never puts another release in place, since then no comparison is
    needed.
    """
    return _recording if kind.places_release else None


def _recording(ctx: Context, command: str) -> Recording:
    # Imported here because it loads slowly, and a deploy that changes nothing does not need it.
    from cosmicdeploy.operations.checklist.recording import Recording as BaselineRecording

    return BaselineRecording(ctx, command)

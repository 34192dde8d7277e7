"""Choose which runs record a baseline for `checklist` to compare with."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.runs.execute import Recorder, Recording


def recorder_of(kind: RunKind) -> Recorder | None:
    """Return the recorder of the baseline for a run of this kind.

    None if such a run cannot put another release in place: then there is nothing to compare.
    """
    return _recording if kind.places_release else None


def _recording(ctx: Context, command: str) -> Recording:
    # Imported here because it loads slowly, and a deploy that changes nothing does not need it.
    from cosmicdeploy.operations.checklist.recording import Recording as BaselineRecording

    return BaselineRecording(ctx, command)

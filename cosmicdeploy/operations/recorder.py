"""Which runs record the baseline that `checklist` compares with."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.runs.execute import Recorder, Recording


def recorder_of(kind: RunKind) -> Recorder | None:
    """Return the recorder of the baseline for a run of this kind.

    None if such a run cannot put another release in place: nothing is compared with the state
    before it.
    """
    return _recording if kind.places_release else None


def _recording(ctx: Context, command: str) -> Recording:
    # Takes long to load, and a deploy that changes nothing does without it.
    from cosmicdeploy.operations.checklist.recording import Recording as BaselineRecording

    return BaselineRecording(ctx, command)

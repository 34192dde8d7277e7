"""Which runs record the baseline that `checklist` compares with."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.runs.execute import Recorder, Recording


def recorder_of(command: str) -> Recorder | None:
    """Return what records the baseline of this command's run.

    None for runs that cannot put another release in place: nothing is compared with the time before
    them.
    """
    return _recording if RunKind.of_command(command).places_release else None


def _recording(ctx: Context, command: str) -> Recording:
    # Takes long to load, and a deploy that changes nothing does without it.
    from cosmicdeploy.operations.checklist.recording import Recording as BaselineRecording

    return BaselineRecording(ctx, command)

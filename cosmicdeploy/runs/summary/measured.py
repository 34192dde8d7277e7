"""The times of a run that its summary has, in seconds since the run began."""

from __future__ import annotations

from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.run_notes import RunNotes

Json = dict[str, Any]


def gaps(ctx: Context, notes: RunNotes, *, probed: bool) -> list[Json]:
    """Return the announced gaps; what failed in them is known only if `probed`, by requests."""
    own = ctx.run.gaps
    return [
        {
            **facts,
            "began": round(notes.passed(gap.began), 2),
            "ended": round(notes.passed(gap.ended), 2),
        }
        for gap, facts in zip(own.all, own.facts(probed=probed), strict=True)
    ]


def maintenance(ctx: Context, notes: RunNotes) -> list[list[float]]:
    """Return the beginning and the end of each time in which clients were turned away."""
    spans = ctx.run.maintenance.spans
    return [[round(max(0.0, at - notes.began_at), 2) for at in span] for span in spans]


def phases(notes: RunNotes) -> list[Json]:
    """Return the phases of the services' containers."""
    return [
        {
            "service": each.service,
            "phase": each.phase,
            "began": round(each.began, 2),
            "ended": round(each.ended, 2),
        }
        for each in list(notes.phases)
    ]

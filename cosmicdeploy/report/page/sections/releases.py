"""Which release each service ran, over the time of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import PhaseSummary
from cosmicdeploy.journal.records.timings import (
    CREATE,
    DRAIN,
    HEALTHY,
    NEVER_READY,
    PASSES,
    START,
    UNDO,
)

# While a service's container is in one of these phases, it does not serve.
AWAY = (DRAIN, START, HEALTHY, PASSES, NEVER_READY)


@dataclass(frozen=True, kw_only=True)
class ReleaseSpan:
    """A service ran a release from `began` to `ended`, in seconds since the run began.

    `release` is None if the service had no ready container.
    """

    began: float
    ended: float
    release: str | None


def services_of(run: RunEntry) -> list[str]:
    """Return the services with a known release or a recorded phase, in the order of the records."""
    after = run.summary.releases if run.summary else {}
    phases = run.summary.phases if run.summary else []
    return list(dict.fromkeys([*run.releases_before, *after, *(each.service for each in phases)]))


def release_spans(run: RunEntry, service: str) -> list[ReleaseSpan]:
    """Return which release a service ran during a run, without gaps between the spans.

    The former release runs until the drain of its container begins, and the new one from when its
    container is ready. If that was before the drain (start-first), no time lies between them. After
    an undo, the former release runs again. Returns no span for a run without a summary.
    """
    if run.summary is None:
        return []
    before = run.releases_before.get(service)
    after = run.summary.releases.get(service)
    end = run.summary.seconds
    own = sorted(
        (each for each in run.summary.phases if each.service == service),
        key=lambda each: each.began,
    )
    replaced = [each for each in own if each.phase in (*AWAY, CREATE)]
    undo = [each for each in own if each.phase == UNDO]
    spans = list(_replaced(replaced, undo, before, _new_release(run, after), end))
    if not spans:
        spans = [ReleaseSpan(began=0.0, ended=end, release=after or before)]
    return [span for span in spans if span.ended > span.began]


def _new_release(run: RunEntry, after: str | None) -> str | None:
    """Return the release of the candidate; after an undo, the one that was to be put in place."""
    return run.release or None if run.outcome in ("failed", "interrupted") else after


def _replaced(
    phases: Sequence[PhaseSummary],
    undo: Sequence[PhaseSummary],
    before: str | None,
    new: str | None,
    end: float,
) -> Iterator[ReleaseSpan]:
    """Yield the spans of a service whose container was replaced or restarted."""
    if not phases and not undo:
        return
    gone, ready = _gone(phases), _ready(phases)
    kept_until = undo[0].began if undo else end  # what the run put in place
    gone_at = kept_until if gone is None else min(gone, kept_until)
    yield ReleaseSpan(began=0.0, ended=gone_at, release=before)
    if gone is not None:
        ready_at = kept_until if ready is None else min(max(ready, gone), kept_until)
        yield ReleaseSpan(began=gone_at, ended=ready_at, release=None)
        yield ReleaseSpan(began=ready_at, ended=kept_until, release=new)
    if undo:
        back_at = min(undo[-1].ended, end)
        yield ReleaseSpan(began=kept_until, ended=back_at, release=None)
        yield ReleaseSpan(began=back_at, ended=end, release=before)


def _gone(phases: Sequence[PhaseSummary]) -> float | None:
    """Return when the former container no longer serves; None if it always did."""
    drains = [each for each in phases if each.phase == DRAIN]
    starts = [each for each in phases if each.phase == START]
    if drains and starts and drains[0].began > starts[0].began:  # start-first
        return drains[0].began
    away = [each for each in phases if each.phase in AWAY]
    return away[0].began if away else None


def _ready(phases: Sequence[PhaseSummary]) -> float | None:
    """Return when the new container was ready; None if it never was."""
    if any(each.phase == NEVER_READY for each in phases):
        return None
    ready = [each.ended for each in phases if each.phase in (START, HEALTHY, PASSES)]
    return max(ready, default=None)

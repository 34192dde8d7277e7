"""The replicas of a run: the phases of each, and which release it ran over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import PhaseSummary
from cosmicdeploy.journal.records.timings import (
    CREATE,
    DRAIN,
    HEALTHY,
    IN_SERVICE,
    NEVER_READY,
    PASSES,
    START,
    UNDO,
)
from cosmicdeploy.report.page.drawing.elements import Child, el
from cosmicdeploy.report.page.drawing.scale import TimeScale
from cosmicdeploy.report.page.drawing.tracks import Band, Bar, span, track
from cosmicdeploy.report.page.sections.parts import card, legend, limited
from cosmicdeploy.report.page.sections.releases import release_spans, services_of
from cosmicdeploy.report.page.sections.timeline import bands_of, lanes, scale_of

PHASES = {
    DRAIN: "the old container finishes and stops",
    CREATE: "the new one is created",
    START: "it is started",
    HEALTHY: "until its first good response",
    PASSES: "until it is ready",
    IN_SERVICE: "until the proxy uses it",
    NEVER_READY: "it did not become ready",
    UNDO: "the old container is put back",
}
# The style sheet has this many colors for releases; more releases share them.
RELEASE_LOOKS = 6


def replicas_section(run: RunEntry) -> Element | None:
    """Return the phases of each replica, and its release over time; None if none is recorded."""
    services, more = limited(services_of(run))
    if not services or run.summary is None:
        return None
    return card(
        "Replicas",
        *_phases(run, services),
        el("h3", "Release of each replica over time"),
        _releases(run, services),
        more,
    )


def _phases(run: RunEntry, services: Sequence[str]) -> Iterator[Child]:
    scale, bands = scale_of(run), bands_of(run)
    phases = run.summary.phases if run.summary else []
    rows = [
        _phase_row(scale, name, own, bands)
        for name in services
        if (own := [each for each in phases if each.service == name])
    ]
    if not rows:
        yield el("p", "No container was replaced or restarted.", class_="muted")
        return
    used = {each.phase for each in phases}
    yield lanes(scale, ("service", "seconds"), rows, "Phases of the replicas")
    meanings = {phase: text for phase, text in PHASES.items() if phase in used}
    yield legend((_look(phase), f"{phase}: {text}") for phase, text in meanings.items())


def _phase_row(
    scale: TimeScale, service: str, phases: Sequence[PhaseSummary], bands: Sequence[Band]
) -> Element:
    bars = [
        Bar(
            began=each.began,
            ended=each.ended,
            look=_look(each.phase),
            text=f"{each.phase}, {span(each.began, each.ended)}",
        )
        for each in limited(phases)[0]
    ]
    seconds = max(each.ended for each in phases) - min(each.began for each in phases)
    return el(
        "tr",
        el("th", service, scope="row"),
        el("td", f"{seconds:.1f}", class_="number"),
        el("td", track(scale, bars, bands, name=service), class_="when"),
    )


def _look(phase: str) -> str:
    """Return a phase's class in the style sheet."""
    return phase.replace(" ", "-")


def _releases(run: RunEntry, services: Sequence[str]) -> Element:
    scale = scale_of(run)
    spans = {name: release_spans(run, name) for name in services}
    known = list(
        dict.fromkeys(each.release for own in spans.values() for each in own if each.release)
    )
    looks = {release: f"release-{number % RELEASE_LOOKS}" for number, release in enumerate(known)}
    rows = []
    for name, own in spans.items():
        bars = [
            Bar(
                began=each.began,
                ended=each.ended,
                look=looks[each.release] if each.release else "not-serving",
                text=f"{_named(each.release)}, {span(each.began, each.ended)}",
                label=each.release or "",
            )
            for each in own
        ]
        words = " → ".join(dict.fromkeys(each.release for each in own if each.release))
        rows.append(
            el(
                "tr",
                el("th", name, scope="row"),
                el("td", words or "unknown", class_="word"),
                el("td", track(scale, bars, name=f"releases of {name}"), class_="when"),
            )
        )
    shown = [(looks[release], f"release {release}") for release in known[:RELEASE_LOOKS]]
    whole = lanes(scale, ("service", "release"), rows, "Release of each replica over time")
    return el("div", whole, legend([*shown, ("not-serving", "none that is ready")]))


def _named(release: str | None) -> str:
    return f"release {release}" if release else "none that is ready"

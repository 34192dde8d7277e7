"""The timeline of a run: its steps, its replicas' phases, and which release each one ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import PhaseSummary, StepSummary
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
from cosmicdeploy.report.page.drawing.tracks import Band, Bar, axis, span, track
from cosmicdeploy.report.page.sections.parts import card, details, legend, limited
from cosmicdeploy.report.page.sections.releases import release_spans, services_of
from cosmicdeploy.text.formatting import counted

# A step that changed nothing has a row of its own only if it took so many seconds.
SHORT_SECONDS = 1.0
SHORT_PLAN_SECONDS = 0.05
WITHOUT_ROW = ("unchanged", "skipped")
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
OUTCOMES = {
    "changed": "changed",
    "passed": "a check that passed",
    "unchanged": "changed nothing",
    "failed": "failed",
    "undone": "changed, then undone",
}
RELEASE_LOOKS = 6
# So many gaps, and times of maintenance, are shaded in each track.
MOST_BANDS = 20
# Column → its class in the style sheet.
COLUMNS = {"outcome": "word", "release": "word", "seconds": "number"}


def scale_of(run: RunEntry) -> TimeScale:
    """Return the scale that all drawings of a run share."""
    ends = [step.ended or 0.0 for step in run.steps]
    return TimeScale(max([run.seconds or 0.0, *ends]))


def bands_of(run: RunEntry) -> list[Band]:
    """Return the times in which clients were not served on purpose."""
    if run.summary is None:
        return []
    gaps = [
        Band(began=gap.began, ended=gap.ended, text=f"announced gap: {gap.service} {gap.what}")
        for gap in run.summary.gaps
    ]
    spans = [
        Band(began=began, ended=ended, text="maintenance: clients get 503 with Retry-After")
        for began, ended in run.summary.maintenance
    ]
    return [*gaps[:MOST_BANDS], *spans[:MOST_BANDS]]


def steps_section(run: RunEntry) -> Element:
    """Return the timeline of the steps; those that changed nothing are folded."""
    scale, bands = scale_of(run), bands_of(run)
    long = [step for step in run.steps if _has_row(step)]
    short = [step for step in run.steps if not _has_row(step)]
    rows = [_step_row(scale, step, bands) for step in limited(long)[0]]
    if (plan := _plan_row(run, scale, bands)) is not None:
        rows.insert(0, plan)
    if (undo := _undo_row(run, scale, bands)) is not None:
        rows.append(undo)
    looks = {step.outcome for step in long}
    used = [(look, meaning) for look, meaning in OUTCOMES.items() if look in looks]
    band = [("band", "clients not served, on purpose")] if bands else []
    return card(
        "Timeline of the steps",
        _lanes(scale, ("step", "outcome", "seconds"), rows, "Steps of the run") if rows else None,
        legend([*used, *band]) if rows else el("p", "No step is recorded."),
        limited(long)[1],
        _folded(short),
    )


def _has_row(step: StepSummary) -> bool:
    return step.outcome not in WITHOUT_ROW or step.seconds >= SHORT_SECONDS


def _folded(steps: Sequence[StepSummary]) -> Element | None:
    if not steps:
        return None
    shown, more = limited(steps)
    items = [
        el("li", el("strong", step.name), f" ({step.outcome}): {step.reason}") for step in shown
    ]
    what = counted(len(steps), "more step", "more steps")
    return details(f"{what} changed nothing", el("ul", *items), more)


def _step_row(scale: TimeScale, step: StepSummary, bands: Sequence[Band]) -> Element:
    bars: list[Bar] = []
    if step.began is not None and step.ended is not None:
        text = f"{step.name} {step.outcome}, {span(step.began, step.ended)}"
        bars = [Bar(began=step.began, ended=step.ended, look=step.outcome, text=text)]
    drawing = track(scale, bars, bands, name=step.name)
    return _row(step.name, step.outcome, step.seconds, drawing, step.reason)


def outcome_word(outcome: str) -> Element:
    """Return the word for a step's outcome, in its color."""
    return el("span", outcome, class_=f"outcome is-{outcome}")


def _plan_row(run: RunEntry, scale: TimeScale, bands: Sequence[Band]) -> Element | None:
    """Return the row of the plan, which precedes the first step; None if that is not recorded."""
    begun = [step.began for step in run.steps if step.began is not None]
    if run.summary is None or not begun or min(begun) < SHORT_PLAN_SECONDS:
        return None
    ended = min(begun)
    bar = Bar(began=0.0, ended=ended, look="passed", text=f"the plan, {span(0.0, ended)}")
    reason = "each step is checked against the running stack"
    return _row("plan", "passed", ended, track(scale, [bar], bands, name="plan"), reason)


def _undo_row(run: RunEntry, scale: TimeScale, bands: Sequence[Band]) -> Element | None:
    """Return the row of the undo; None if nothing was undone."""
    began, ended = run.after(run.failed_at), run.after(run.ended_at)
    if began is None or ended is None or not run.begun:
        return None
    bar = Bar(began=began, ended=ended, look="undone", text=f"the undo, {span(began, ended)}")
    word = "undone" if run.is_undone else "failed"
    reason = "the changes of the run are undone, the last one first"
    return _row("undo", word, ended - began, track(scale, [bar], bands, name="undo"), reason)


def _row(name: str, outcome: str, seconds: float, drawing: Element, reason: str) -> Element:
    return el(
        "tr",
        el("th", name, scope="row"),
        el("td", outcome_word(outcome), class_="word"),
        el("td", f"{seconds:.1f}", class_="number"),
        el("td", drawing, el("small", reason), class_="when"),
    )


def _lanes(scale: TimeScale, head: Sequence[str], rows: Iterable[Element], name: str) -> Element:
    columns = [el("th", each, scope="col", class_=COLUMNS.get(each)) for each in head]
    times = el(
        "tr",
        *(el("td") for _ in head),
        el("td", axis(scale), class_="when"),
        class_="times",
        aria_hidden="true",
    )
    return el(
        "table",
        el("thead", el("tr", *columns, el("th", "time since the run began", scope="col"))),
        el("tbody", times, *rows),
        class_="lanes",
        aria_label=name,
    )


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
    yield _lanes(scale, ("service", "seconds"), rows, "Phases of the replicas")
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
    whole = _lanes(scale, ("service", "release"), rows, "Release of each replica over time")
    return el("div", whole, legend([*shown, ("not-serving", "none that is ready")]))


def _named(release: str | None) -> str:
    return f"release {release}" if release else "none that is ready"

"""The timeline of a run's steps: when each ran, how it ended, and why."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import StepSummary
from cosmicdeploy.report.page.drawing.elements import el
from cosmicdeploy.report.page.drawing.scale import TimeScale
from cosmicdeploy.report.page.drawing.tracks import Band, Bar, span, track
from cosmicdeploy.report.page.sections.parts import card, details, legend, limited
from cosmicdeploy.report.page.sections.timeline import bands_of, lanes, scale_of
from cosmicdeploy.text.formatting import counted

# A step that changed nothing has a row of its own only if it took at least this long.
SHORT_SECONDS = 1.0
# The plan has a row only if it took at least this long.
SHORT_PLAN_SECONDS = 0.05
WITHOUT_ROW = ("unchanged", "skipped")
OUTCOMES = {
    "changed": "changed",
    "passed": "a check that passed",
    "unchanged": "changed nothing",
    "failed": "failed",
    "undone": "changed, then undone",
}


def steps_section(run: RunEntry) -> Element:
    """Return the timeline of the steps; short steps that changed nothing are folded into a list."""
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
        lanes(scale, ("step", "outcome", "seconds"), rows, "Steps of the run") if rows else None,
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
    """Return the row of the plan, which precedes the first step.

    Returns None if the time before the first step is short, or not recorded.
    """
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

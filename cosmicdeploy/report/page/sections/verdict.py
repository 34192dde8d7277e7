"""The head of a run's page: how the run ended, its main figures, what failed, what was undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import UNFINISHED, RunEntry
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.report.page.drawing.elements import Child, el
from cosmicdeploy.report.page.drawing.scale import clock
from cosmicdeploy.report.page.sections.parts import bullets, card, lines
from cosmicdeploy.report.views.history.words import command, ended_by, outcome, shown_release
from cosmicdeploy.text.formatting import counted


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a run ended: a class of the style sheet, a word, and a sentence."""

    look: str
    word: str
    sentence: str


def verdict_of(run: RunEntry) -> Verdict:
    """Return how a run ended."""
    if run.outcome == UNFINISHED:
        sentence = "No end of this run is recorded"
        return Verdict(look="warn", word="unfinished", sentence=sentence)
    if run.outcome in ("failed", "interrupted"):
        step = run.failing_step
        where = f" in {step.name}" if step else ""
        name = _name(run)
        return Verdict(look="bad", word=run.outcome, sentence=f"{name} {run.outcome}{where}")
    if run.outcome == "unchanged":
        sentence = f"{_name(run)}: nothing had to change"
        return Verdict(look="ok", word="unchanged", sentence=sentence)
    is_broken = bool(run.summary and run.summary.requests and run.summary.requests.broken)
    look = "warn" if is_broken else "ok"
    return Verdict(look=look, word=run.outcome, sentence=_success(run))


def _name(run: RunEntry) -> str:
    if run.kind is RunKind.DEPLOY:
        return f"Deploy of release {run.release}" if run.release else "Deploy"
    if run.kind is RunKind.ROLLBACK:
        return f"Rollback to {run.target}" if run.target else "Rollback"
    return command(run)


def _success(run: RunEntry) -> str:
    release = shown_release(run)
    if run.kind is RunKind.DEPLOY and release:
        return f"Release {release} is in place"
    if run.kind is RunKind.ROLLBACK and release:
        return f"Release {release} is back in place"
    return f"{_name(run)}: done"


def head(run: RunEntry) -> Element:
    """Return the head of the page."""
    verdict = verdict_of(run)
    took = "" if run.seconds is None else f", {clock(run.seconds)}"
    words, line = outcome(run), el("code", f"cosmicdeploy {command(run)}")
    return el(
        "header",
        el("p", verdict.word, class_="word"),
        el("h1", verdict.sentence),
        el("p", f"{_sentence(words)}.") if words != verdict.word else None,
        _ended_by(run),
        el("p", line, f" by {run.who}, {moment(run.at)}{took}"),
        class_=verdict.look,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended_by(run: RunEntry) -> Element | None:
    return el("p", f"{_sentence(ended_by(run))} ended it.") if run.resolved_by else None


def moment(iso: str) -> str:
    """Return a recorded time in its own time zone, so that a page is the same everywhere."""
    date, _, rest = iso.partition("T")
    clock_time, zone = rest[:8], rest[8:].lstrip(".0123456789")
    return " ".join(filter(None, (date, clock_time, zone))) or "time unknown"


def tiles(run: RunEntry) -> Element:
    """Return the main figures."""
    return el("dl", *_tiles(run), class_="tiles")


def _tiles(run: RunEntry) -> Iterator[Element]:
    yield _tile("took", "unknown" if run.seconds is None else clock(run.seconds))
    summary = run.summary
    requests = summary.requests if summary else None
    if requests is None:
        yield _tile("requests failed", "none sent" if run.sent_no_requests else "not recorded")
    else:
        look = "wrong" if requests.failed else "good"
        note = f"of {requests.sent}; longest gap {requests.longest_gap_ms:.0f} ms"
        yield _tile("requests failed", f"{requests.failed}", note, look)
    away = sum(ended - began for began, ended in summary.maintenance) if summary else 0.0
    if away:
        yield _tile("maintenance", clock(away), "clients were turned away on purpose", "doubt")
    for gap in summary.gaps[:3] if summary else ():
        look = "wrong" if gap.seconds > gap.at_most_seconds else "doubt"
        note = f"{gap.service} {gap.what}; announced: at most {gap.at_most_seconds:.0f} s"
        yield _tile("gap", f"{gap.seconds:.1f} s", note, look)
    yield _tile("backup", run.backup or "none", look="id")
    if summary and summary.restarts:
        restarts = sum(summary.restarts.values())
        look = "wrong" if restarts else "good"
        yield _tile("restarts", f"{restarts}", "of the containers that run at the end", look)


def _tile(name: str, value: str, note: str = "", look: str = "") -> Element:
    more = el("dd", note, class_="note") if note else None
    return el("div", el("dt", name), el("dd", value, class_=look or None), more)


def failure(run: RunEntry) -> Element | None:
    """Return what failed, and beside it what was undone; None for a run that did not fail."""
    if run.outcome not in ("failed", "interrupted") and run.end != "not undone":
        return None
    columns = el(
        "div",
        el("div", el("h3", "What failed"), *_what_failed(run)),
        el("div", el("h3", "What was undone"), *_what_was_undone(run)),
        class_="columns",
    )
    return card("This run failed", columns, *_lines(run), look="failure")


def _what_failed(run: RunEntry) -> Iterator[Child]:
    error = run.summary.error if run.summary else None
    step = run.failing_step
    if step:
        yield el("p", "Step ", el("strong", step.name), f" after {clock(step.seconds)}")
    if error is None:
        yield el("p", run.failure or "Why is not recorded.")
        return
    yield el("p", el("strong", error.what))
    if error.where:
        yield el("p", f"Where: {error.where}")
    if error.todo:
        yield el("p", f"To do: {error.todo}")


def _what_was_undone(run: RunEntry) -> Iterator[Child]:
    undone = [step for step in run.steps if step.outcome == "undone"]
    kept = [step for step in run.steps if step.outcome == "changed"]
    if run.end == "not undone":
        text = "Not everything was undone: a person has to decide."
        yield el("p", el("strong", text), class_="wrong")
    elif undone:
        yield el("p", el("strong", f"{counted(len(undone), 'step')}, completely"), class_="good")
    else:
        yield el("p", _why_nothing_undone(run))
    if undone:
        yield bullets([f"{step.name}: {step.reason}" for step in undone])
    if kept:
        yield el("p", "What stays:" if run.failed_late else "What needs no undo stays:")
        yield bullets([f"{step.name}: {step.reason}" for step in kept])


def _why_nothing_undone(run: RunEntry) -> str:
    if run.failed_late:
        return "Nothing: all steps had succeeded, and their changes are in place."
    if run.kind is RunKind.ABORT or run.resolves:
        return "Nothing of its own; the runs that it ended have their own pages."
    return "Nothing, since nothing had to be undone."


def _lines(run: RunEntry) -> Iterator[Child]:
    error = run.summary.error if run.summary else None
    if error is None:
        return
    if error.details:
        yield el("h3", "Details")
        yield lines(error.details)
    if error.output:
        yield el("h3", f"Last lines of {run.failing_step.name if run.failing_step else 'the run'}")
        yield lines(error.output)

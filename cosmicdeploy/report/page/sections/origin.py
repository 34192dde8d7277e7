"""Where a run was started from, restarts, warnings, and the commands that continue from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.report.page.drawing.elements import Child, el, link
from cosmicdeploy.report.page.sections.parts import bullets, card, facts, table
from cosmicdeploy.report.page.sections.verdict import moment
from cosmicdeploy.report.views.history.words import command, ended_by, release_change, where_from
from cosmicdeploy.text.formatting import counted


def origin_section(run: RunEntry) -> Element:
    """Return who started the run, when, and from where."""
    places: list[tuple[str, Child]] = [
        (name, link(value, value) if name == "CI link" and value else value)
        for name, value in where_from(run)
    ]
    pairs: list[tuple[str, Child]] = [
        ("run", el("span", run.id, class_="id")),
        ("command", f"cosmicdeploy {command(run)}"),
        ("to backup", run.target or ""),
        ("who", run.who),
        ("began", moment(run.at)),
        *places,
        ("release", release_change(run)),
        ("ended by", ended_by(run)),
        ("ended runs", ", ".join(run.resolves)),
    ]
    return card("Who, when, and from where", facts(pairs, caption="Where the run was started"))


def restarts_section(run: RunEntry) -> Element:
    """Return how often containers restarted, and what the soak watched."""
    if run.summary is None:
        return card("Restarts", el("p", "Not recorded.", class_="muted"))
    restarted = [
        f"{name}: {counted(count, 'restart')} since its container was created"
        for name, count in run.summary.restarts.items()
        if count
    ]
    known = bool(run.summary.restarts)
    none = "No container that runs at the end has restarted." if known else "Not recorded."
    return card("Restarts", bullets(restarted) if restarted else el("p", none), *_soaks(run))


def _soaks(run: RunEntry) -> Iterable[Child]:
    soaks = [step for step in run.steps if step.kind == "soak"]
    for step in soaks:
        yield el("p", f"Soak: {step.outcome}: {step.reason}")
        worse = {name: step.facts.get(name) for name in ("restarts", "oom_killed")}
        for name, services in worse.items():
            if isinstance(services, list) and services:
                yield el("p", f"{name}: {', '.join(map(str, services))}", class_="wrong")
    if not soaks:
        yield el("p", "No soak is recorded.", class_="muted")


def warnings_section(run: RunEntry) -> Element | None:
    """Return the warnings of the run; None if there were none."""
    warnings = run.summary.warnings if run.summary else []
    return card("Warnings", bullets(warnings)) if warnings else None


def continue_section(continuing: Iterable[Mapping[str, str]]) -> Element:
    """Return the commands that continue from the run."""
    rows: list[list[Child]] = [[el("code", each["command"]), each["does"]] for each in continuing]
    return card("To continue", table(("command", "what it does"), rows, caption="Commands"))


def gaps_of_the_record(run: RunEntry) -> Element | None:
    """Return the section about what is not recorded of the run; None if nothing is missing."""
    if run.summary is None:
        return card(
            "Not recorded",
            el(
                "p",
                "The journal has no summary of this run: the run was killed, goes on, or is of an"
                " earlier version. The times here are those of the journal's records. What was"
                " measured, and which steps changed nothing, is unknown.",
            ),
        )
    if not run.summary.left_out:
        return None
    left_out = ", ".join(run.summary.left_out)
    return card("Not recorded", el("p", f"Too large to record: {left_out}."))

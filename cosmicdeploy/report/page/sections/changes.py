"""What the plan found different, the migrations, the verification, and the backup of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import PointSummary, StepSummary
from cosmicdeploy.journal.step_kinds import BACKUP
from cosmicdeploy.report.page.drawing.elements import Child, el
from cosmicdeploy.report.page.sections.parts import bullets, card, facts, table

REASON_HEAD = ("service", "step", "why it was replaced or started")
KEY_HEAD = ("service", "key", "change", "before", "after")


def differences_section(run: RunEntry) -> Element:
    """Return why containers were replaced, the keys that differed, and the migrations."""
    steps = run.steps
    reasons = [
        [service, step.name, str(why)]
        for step in steps
        for service, why in _mapping(step.facts.get("reasons")).items()
    ]
    keys = [row for step in steps for row in _keys(step)]
    migrations = [str(name) for step in steps for name in _list(step.facts.get("migrations"))]
    children: list[Child] = []
    if reasons:
        children.append(table(REASON_HEAD, reasons, caption="Replaced services"))
    if keys:
        children.append(el("h3", "Keys of the compose file that differed"))
        children.append(table(KEY_HEAD, keys, caption="Differing keys of the compose file"))
    if migrations:
        children += [el("h3", "Migrations"), bullets(migrations)]
    if not children:
        children = [el("p", "No difference is recorded.", class_="muted")]
    return card("What the plan found different", *children)


def _keys(step: StepSummary) -> Iterator[list[str]]:
    """Yield a row for each differing key; an added key has no old value, a removed one no new."""
    for service, differences in _mapping(step.facts.get("differences")).items():
        for each in map(_mapping, _list(differences)):
            change = str(each.get("change", ""))
            old = "not set" if change == "added" else _value(each.get("old"))
            new = "not set" if change == "removed" else _value(each.get("new"))
            yield [str(service), str(each.get("key", "")), change, old, new]


def _value(value: object) -> str:
    """Return a key's value as text; the value is None if it may be secret."""
    return "not shown" if value is None else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def verification_section(run: RunEntry) -> Element:
    """Return the points of the run's verification."""
    points = run.summary.points if run.summary else []
    if not points:
        return card("Verification", el("p", "No verification is recorded.", class_="muted"))
    rows: list[list[Child]] = [[each.point, _state(each), _found(each)] for each in points]
    return card(
        "Verification",
        table(("point", "state", "found"), rows, caption="Points of the verification"),
    )


def _state(point: PointSummary) -> Element:
    if point.skipped:
        return el("span", "skipped", class_="muted")
    if point.unproven:
        return el("strong", "unproven", class_="doubt")
    if not point.ok:
        return el("strong", "fails", class_="wrong")
    if point.warnings:
        return el("strong", "warns", class_="doubt")
    return el("strong", "ok", class_="good")


def _found(point: PointSummary) -> Element:
    expected = f"Expected: {point.expected}. " if not point.ok else ""
    todo = f"To do: {point.todo}" if not point.ok and point.todo else ""
    more = el("p", f"{expected}{todo}") if expected or todo else None
    warnings = bullets(point.warnings) if point.warnings else None
    return el("div", point.found, more, warnings)


def backup_section(run: RunEntry) -> Element:
    """Return the backup, and how well it was proven when the run ended."""
    if not run.backup:
        return card("Backup", el("p", "The run took no backup.", class_="muted"))
    return card(
        "Backup",
        facts(_backup(run), caption="The backup of the run"),
        el(
            "p",
            "As it was when the run ended; ",
            el("code", f"cosmicdeploy backup show {run.backup}"),
            " has its present state.",
            class_="muted",
        ),
    )


def _backup(run: RunEntry) -> Iterator[tuple[str, Child]]:
    own = [step for step in run.steps if step.kind == BACKUP]
    known = next((step.facts for step in own if "backup" in step.facts), {})
    yield "backup", el("span", run.backup, class_="id")
    yield "proven", str(known.get("proof") or "not recorded, or it holds images only")
    structure = _mapping(known.get("structure_proof"))
    if structure:
        yield "structure", f"{structure.get('objects')} objects restored and compared"
    yield from _data_proof(run)
    yield "copies", ", ".join(map(str, _list(known.get("copies"))))
    yield "warnings", "; ".join(map(str, _list(known.get("warnings"))))


def _data_proof(run: RunEntry) -> Iterator[tuple[str, Child]]:
    for step in run.steps:
        proof = _mapping(step.facts.get("data_proof"))
        if proof and proof.get("backup") == run.backup:
            reasons = "; ".join(map(str, _list(proof.get("reasons"))))
            passed = "restored, and all rows compared, during the soak"
            yield "data", passed if proof.get("passed") else f"NOT proven: {reasons}"

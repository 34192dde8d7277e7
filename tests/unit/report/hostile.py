"""Hostile texts, and functions that show a text in every field of a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, Objects, TableRows
from cosmicdeploy.database.backups.on_disk.state import CopyRecord, Pin, State, VerificationRecord
from cosmicdeploy.database.backups.retention import Decision
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.events import Notice, Progress, StepEnded, StepStarted
from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.origin import CiJob, GitState, Origin
from cosmicdeploy.journal.records.summary import ErrorSummary, StepSummary, Summary
from cosmicdeploy.probes.monitor.event import CHANGES, FLAPPING, HEALTH, TRANSITIONS, MonitorEvent
from cosmicdeploy.probes.result import CheckResult, FeatureState
from cosmicdeploy.report import summary
from cosmicdeploy.report.console import PlainConsole, styled
from cosmicdeploy.report.model import (
    ChecklistReport,
    DoctorReport,
    ErrorReport,
    FlawReport,
    PointReport,
    Report,
    StepReport,
    UncheckedReport,
    UnfinishedReport,
)
from cosmicdeploy.report.monitor.screen import LiveView
from cosmicdeploy.report.progress import ProgressView
from cosmicdeploy.report.requests_model import RequestsReport, RequestStatsReport
from cosmicdeploy.report.tables import table
from cosmicdeploy.report.views import backups, diagnosis, features, playbooks, status
from cosmicdeploy.report.views import drift as differences
from cosmicdeploy.report.views.history.list import show_runs
from cosmicdeploy.report.views.history.run import show_run

AT = "2026-11-27T10:00:00+00:00"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
# Each text, and how it is shown.
HOSTILE = {
    "[/]": "[/]",
    "[bold]x": "[bold]x",
    "[link=a]b": "[link=a]b",
    ":smile: \\": ":smile: \\",
    "{}": "{}",
    "\x1b]0;x\x07": r"\x1b]0;x\x07",
    "\x1b[2Jx": r"\x1b[2Jx",
    "a\rb": r"a\x0db",
    "\x9b2J": r"\x9b2J",
    "\u202egnp": r"\u202egnp",
    "\ud800": r"\ud800",
}
Render = Callable[[PlainConsole, str], object]


def report(text: str) -> Report:
    """Return a report with the text in every field."""
    stats = dict.fromkeys(("sent", "failed", "p50_ms", "p99_ms", "max_ms", "longest_gap_ms"), 1)
    statement = {"migration": text, "kind": "risky", "why": text, "sql": text}
    key = {"key": text, "change": "changed", "old": text, "new": text}
    facts = {"statements": [statement], "differences": {text: [key]}}
    step = StepReport(name=text, kind="exec", outcome="planned", reason=text, facts=facts)
    check = CheckResult(
        point=text, ok=False, expected=text, found=text, todo=text, warnings=(text,)
    )
    point = PointReport(point=text, verdict="worse", found=text, was=text, why=text, todo=text)
    return Report(
        command=text,
        outcome="failed",
        exit_code=1,
        release=text,
        backup=text,
        started_at=AT,
        seconds=1.0,
        steps=(step,),
        checks=(check,),
        checklist=ChecklistReport(since=AT, seconds=1.0, points=(point,)),
        doctor=(doctor(text),),
        requests=RequestsReport(
            **stats,
            failures=(text,),
            broken=text,
            new=RequestStatsReport(**stats),
            kept=RequestStatsReport(**stats),
        ),
        unfinished=(
            UnfinishedReport(run="1", command=text, at=AT, who=text, told=text, todo=text),
        ),
        data={text: text},
        error=ErrorReport.of(CosmicError(text, where=text, todo=text, details=(text,))),
    )


def doctor(text: str) -> DoctorReport:
    """Return a check of `doctor` with the text in every field."""
    flaw = FlawReport(stake="data", loses=text, why=text, todo=text, lines=(text,))
    return DoctorReport(
        check=text,
        about=text,
        verdict="loses",
        found=text,
        flaws=(flaw, flaw.model_copy(update={"stake": "time"})),
        unchecked=(UncheckedReport(why=text, todo=text),),
        seconds=1.0,
    )


def backup(text: str) -> Backup:
    """Return a backup with the text in every field."""
    manifest = Manifest(
        id=text,
        status="failed",
        reason=text,
        created_at=NOW,
        database=text,
        server_vendor=text,
        server_version=text,
        release=text,
        images={text: text},
        warnings=(text,),
        objects=Objects(tables={text: TableRows(before=1, after=1)}, views=(text,)),
    )
    copied = CopyRecord(url=text, at=NOW, error=text)
    pin, proof = Pin(at=NOW, reason=text), VerificationRecord(at=NOW, reason=text)
    state = State(read=proof, restored=proof, pin=pin, copies=(copied,))
    return Backup(manifest=manifest, data=Path("x"), state=state)


def show_error(console: PlainConsole, text: str) -> None:
    error = CosmicError(text, where=text, todo=text, details=(text,))
    summary.show_error(ErrorReport.of(error), console)


def show_status(console: PlainConsole, text: str) -> None:
    row = {"state": text, "release": text, "drift": f"{text} and more of it", "todo": text}
    key = {"key": text, "change": "added", "old": None, "new": text}
    full = {**row, "service": text, "container": text, "since": AT, "differences": [key]}
    status.show_status([full], console)


def show_diagnosis(console: PlainConsole, text: str) -> None:
    finding = {
        "severity": "problem",
        "looked_at": text,
        "found": text,
        "details": [text],
        "todo": text,
        "remedies": [text],
    }
    trouble = {"trouble": text, "about": text, "findings": [finding], "well": False}
    tried = {"applied": False, "remedy": text, "error": text}
    diagnosis.show_diagnosis(console, [trouble], fixing=False)
    diagnosis.show_attempts(console, [{**tried, "applied": True}, tried, {**tried, "error": ""}])
    diagnosis.show_remaining(console, [trouble], 1.0)


def show_features(console: PlainConsole, text: str) -> None:
    off = FeatureState(name=text, enabled=False, since=AT, by=text, description=text, found=text)
    unknown = off.model_copy(update={"enabled": None})
    features.show_features(console, [off, unknown])
    features.show_switched_off(console, [off, unknown])


def show_backups(console: PlainConsole, text: str) -> None:
    backups.show_backups(console, [backup(text)], copies=True)
    backups.show_backup(console, backup(text))
    backups.show_decisions(console, [Decision(backup=backup(text), keep=True, reason=text)])


def show_history(console: PlainConsole, text: str) -> None:
    git, job = GitState(commit=text, branch=text), CiJob(system=text, job=text, url=text)
    error = ErrorSummary(what=text, where=text, todo=text, details=[text], output=[text])
    step = StepSummary(name=text, kind=text, outcome=text, reason=text)
    summary = Summary(
        kind="summary",
        at=AT,
        outcome=text,
        exit_code=1,
        seconds=1.0,
        release=text,
        backup=text,
        steps=[step],
        error=error,
        restarts={text: 1},
        warnings=[text],
        left_out=[text],
    )
    entry = RunEntry(
        id=text,
        command=text,
        at=AT,
        who=text,
        release=text,
        target=text,
        included=[text],
        origin=Origin(host=text, user=text, ci=job, git=git),
        releases_before={text: text},
        failure=text,
        resolved_by=text,
        resolves=[text],
        summary=summary,
    )
    show_runs(console, [entry], 0, has_archive=False, is_filtered=False)
    show_run(console, entry, [{"command": text, "does": text}])
    show_run(console, replace(entry, summary=None), [])


def show_playbooks(console: PlainConsole, text: str) -> None:
    option = {"name": text, "value": {text: [text]}, "given": True, "meaning": text}
    step = {"name": text, "kind": "exec", "does": text, "undoes": True, "options": [option]}
    row = {"name": text, "origin": text, "error": "", "description": text, "path": text}
    playbooks.show_playbooks(console, [{**row, "steps": [text]}])
    playbooks.show_playbook(console, row, [step])


def show_events(console: PlainConsole, text: str) -> None:
    with ProgressView(console) as view:
        view(StepStarted(name=text, kind="exec"))
        view(Progress(text=text))
        view(Notice(text=text))
        view(StepEnded(name=text, kind="exec", outcome="failed", reason=text, seconds=1.0))


def show_live_view(console: PlainConsole, text: str) -> None:
    container = {"service": text, "state": text, "release": text, "restarts": 0, "since": AT}
    change = {"device_name": text, "from_status": text, "to_status": text, "reason": text, "at": 1}
    view = LiveView(console, text)
    view.show([event(text, quiet=True, topic=HEALTH, rows=[container])])
    view.show([event(text, quiet=True, topic=CHANGES, rows=[change])])
    flapping = {"device_name": text, "transitions": 9}
    view.show([event(text, quiet=True, topic=FLAPPING, rows=[flapping]), event(text)])
    console.print(view)


def event(
    text: str, *, quiet: bool = False, topic: str = TRANSITIONS, **facts: Any
) -> MonitorEvent:
    return MonitorEvent(at=1.0, topic=topic, source=text, text=text, quiet=quiet, facts=facts)


# Each function shows the text in every field of one view.
RENDERERS: Mapping[str, Render] = {
    "report": lambda console, text: summary.show(report(text), console),
    "error": show_error,
    "status": show_status,
    "differences": lambda console, text: differences.show_differences(
        {text: [{"key": text, "change": "added", "old": None, "new": text}]}, console, {text: text}
    ),
    "diagnosis": show_diagnosis,
    "features": show_features,
    "backups": show_backups,
    "history": show_history,
    "playbooks": show_playbooks,
    "events": show_events,
    "live": show_live_view,
    "line": lambda console, text: console.print(f"  {text}: 1 rows then", soft_wrap=True),
    "table": lambda console, text: console.print(table((text,), [{text: text}])),
    "styled": lambda console, text: console.print(styled("[bold]{}[/] {}", text, text)),
    "title": lambda console, text: console.rule(text),
}

"""Text from elsewhere is shown as it is: never markup, nothing a terminal obeys, never a crash."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer

from cosmicdeploy.cli.app import app
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.manifest import Manifest, Objects, TableRows
from cosmicdeploy.database.backups.retention import Decision
from cosmicdeploy.database.backups.state import CopyRecord, Pin, State, VerificationRecord
from cosmicdeploy.engine.facts import LogLine
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.events import Notice, Progress, StepEnded, StepStarted
from cosmicdeploy.probes.monitor.event import CHANGES, FLAPPING, HEALTH, TRANSITIONS, MonitorEvent
from cosmicdeploy.probes.result import CheckResult, FeatureState
from cosmicdeploy.report import junit, summary
from cosmicdeploy.report.console import PlainConsole, styled
from cosmicdeploy.report.model import (
    ChecklistReport,
    ErrorReport,
    PointReport,
    Report,
    StepReport,
    UnfinishedReport,
)
from cosmicdeploy.report.monitor.lines import JsonLines, LinePrinter
from cosmicdeploy.report.monitor.screen import LiveView
from cosmicdeploy.report.progress import ProgressView
from cosmicdeploy.report.requests_model import RequestsReport, RequestStatsReport
from cosmicdeploy.report.tables import table
from cosmicdeploy.report.views import backups, diagnosis, features, playbooks, status
from cosmicdeploy.report.views import drift as differences
from cosmicdeploy.report.views.logs import JsonLogPrinter, LogPrinter
from cosmicdeploy.text.sanitize import HARMFUL, LONGEST, sanitized

pytestmark = pytest.mark.unit

AT = "2026-11-27T10:00:00+00:00"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
# Each with how it is shown.
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
STYLES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
Render = Callable[[PlainConsole, str], object]


def report(text: str) -> Report:
    tally = dict.fromkeys(("sent", "failed", "p50_ms", "p99_ms", "max_ms", "longest_gap_ms"), 1)
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
        requests=RequestsReport(
            **tally,
            failures=(text,),
            broken=text,
            new=RequestStatsReport(**tally),
            kept=RequestStatsReport(**tally),
        ),
        unfinished=(
            UnfinishedReport(run="1", command=text, at=AT, who=text, told=text, todo=text),
        ),
        data={text: text},
        error=ErrorReport.of(CosmicError(text, where=text, todo=text, details=(text,))),
    )


def backup(text: str) -> Backup:
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


def error(console: PlainConsole, text: str) -> None:
    raised = CosmicError(text, where=text, todo=text, details=(text,))
    summary.show_error(ErrorReport.of(raised), console)


def drift(console: PlainConsole, text: str) -> None:
    row = {"state": text, "release": text, "drift": f"{text} and more of it", "todo": text}
    key = {"key": text, "change": "added", "old": None, "new": text}
    full = {**row, "service": text, "container": text, "since": AT, "differences": [key]}
    status.show_status([full], console)


def diagnosed(console: PlainConsole, text: str) -> None:
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


def switched(console: PlainConsole, text: str) -> None:
    off = FeatureState(name=text, enabled=False, since=AT, by=text, description=text, found=text)
    unknown = off.model_copy(update={"enabled": None})
    features.show_features(console, [off, unknown])
    features.show_switched_off(console, [off, unknown])


def kept(console: PlainConsole, text: str) -> None:
    backups.show_backups(console, [backup(text)], copies=True)
    backups.show_backup(console, backup(text))
    backups.show_decisions(console, [Decision(backup=backup(text), keep=True, reason=text)])


def listed(console: PlainConsole, text: str) -> None:
    option = {"name": text, "value": {text: [text]}, "given": True, "meaning": text}
    step = {"name": text, "kind": "exec", "does": text, "undoes": True, "options": [option]}
    row = {"name": text, "origin": text, "error": "", "description": text, "path": text}
    playbooks.show_playbooks(console, [{**row, "steps": [text]}])
    playbooks.show_playbook(console, row, [step])


def events(console: PlainConsole, text: str) -> None:
    with ProgressView(console) as view:
        view(StepStarted(name=text, kind="exec"))
        view(Progress(text=text))
        view(Notice(text=text))
        view(StepEnded(name=text, kind="exec", outcome="failed", reason=text, seconds=1.0))


def live(console: PlainConsole, text: str) -> None:
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


RENDERERS: Mapping[str, Render] = {
    "report": lambda console, text: summary.show(report(text), console),
    "error": error,
    "status": drift,
    "differences": lambda console, text: differences.show_differences(
        {text: [{"key": text, "change": "added", "old": None, "new": text}]}, console, {text: text}
    ),
    "diagnosis": diagnosed,
    "features": switched,
    "backups": kept,
    "playbooks": listed,
    "events": events,
    "live": live,
    "line": lambda console, text: console.print(f"  {text}: 1 rows then", soft_wrap=True),
    "table": lambda console, text: console.print(table((text,), [{text: text}])),
    "styled": lambda console, text: console.print(styled("[bold]{}[/] {}", text, text)),
    "title": lambda console, text: console.rule(text),
}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("name", RENDERERS)
def test_a_view_shows_it_as_it_is(name: str, text: str) -> None:
    for terminal in (True, False):
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        console = PlainConsole(file=out, width=2000, height=60, force_terminal=terminal)
        RENDERERS[name](console, text)
        out.seek(0)
        shown = STYLES.sub("", out.read()) if terminal else out.read()
        assert HOSTILE[text] in shown
        assert not HARMFUL.search(shown.replace("\r", "") if name == "events" else shown)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_plain_lines_show_it_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = PlainConsole(file=io.StringIO(), force_terminal=False)
    entry = LogLine(at=1, text=text)
    LogPrinter(console, ["app"], times=True).print([("app", entry)])
    LinePrinter().show([event(text)])
    shown = capsys.readouterr().out
    assert shown.count(HOSTILE[text]) == 3
    assert not HARMFUL.search(shown)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_programs_get_the_same_text_back(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    JsonLogPrinter().print([("app", LogLine(at=1, text=text))])
    JsonLines().show([event(text)])
    print(report(text).to_json().replace("\n", ""))
    shown = capsys.readouterr().out
    assert not HARMFUL.search(shown)
    log, line, document = map(json.loads, shown.splitlines())
    assert log["text"] == line["text"] == document["data"][text] == text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_junit_file_holds_it(text: str) -> None:
    written = junit.junit(report(text))
    assert not HARMFUL.search(written)
    ElementTree.fromstring(written.encode())  # noqa: S314


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_call_that_cannot_be_read_is_told_harmlessly(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = typer.main.get_command(app)
    for call in ([f"x{text}"], ["backup", f"x{text}"], ["status", f"--{text}"]):
        with pytest.raises(SystemExit):
            command.main(call, prog_name="cosmicdeploy")
        shown = capsys.readouterr().err
        assert "No such" in shown
        assert not HARMFUL.search(shown)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_question_is_asked_with_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    out = io.StringIO()
    console = PlainConsole(file=out, width=200, force_terminal=False)
    monkeypatch.setitem(terminal.__dict__, "console", console)
    monkeypatch.setattr("cosmicdeploy.cli.terminal.in_ci", lambda: False)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert not terminal.confirm(f"Go back to {text}?")
    assert HOSTILE[text] in out.getvalue()


def test_colors_and_line_ends_of_tools_leave_nothing_behind() -> None:
    assert sanitized("\x1b[32mok\x1b[0m 1\r\n\ttwo \x1b[1;38;5;9mred\r") == "ok 1\n\ttwo red"


def test_an_error_is_no_longer_than_a_screen() -> None:
    line = "0xFF" * (1 << 20)
    error = CosmicError(line, where=line, todo=line, details=[line, *["x" * 300] * 99])
    assert len(str(error)) < 4000
    assert len(error.details) == 21
    assert max(map(len, error.details)) < 250
    assert "more characters" in error.details[0] and "80 more lines" in error.details[10]
    several = CosmicError("x", details=["one\ntwo", "", "three"])
    assert several.details == ("one", "two", "", "three")


def test_what_is_endless_is_cut_before_it_is_laid_out() -> None:
    """A line of 24 MB took ten minutes to lay out."""
    out = io.StringIO()
    endless = "[/]" * (8 << 20)
    PlainConsole(file=out, width=80).print(styled("{} {}", endless, endless), endless)
    assert len(out.getvalue()) < 4 * LONGEST
    assert out.getvalue().replace("\n", "").count("more characters") == 3

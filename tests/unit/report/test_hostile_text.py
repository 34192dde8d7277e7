"""Text from outside is shown literally: no markup, no escape sequences, no crash."""

from __future__ import annotations

import io
import json
import re
from xml.etree import ElementTree

import pytest
import typer

from cosmicdeploy.cli.app import app
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.engine.facts import LogLine
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.report import junit
from cosmicdeploy.report.console import PlainConsole, styled
from cosmicdeploy.report.monitor.lines import JsonLines, LinePrinter
from cosmicdeploy.report.views.logs import JsonLogPrinter, LogPrinter
from cosmicdeploy.text.sanitize import HARMFUL, LONGEST, sanitized
from tests.unit.report.hostile import HOSTILE, RENDERERS, event, report

pytestmark = pytest.mark.unit
STYLES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("name", RENDERERS)
def test_each_view_shows_the_text_literally(name: str, text: str) -> None:
    for terminal in (True, False):
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        console = PlainConsole(file=out, width=2000, height=60, force_terminal=terminal)
        RENDERERS[name](console, text)
        out.seek(0)
        shown = STYLES.sub("", out.read()) if terminal else out.read()
        assert HOSTILE[text] in shown
        assert not HARMFUL.search(shown.replace("\r", "") if name == "events" else shown)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_plain_lines_show_the_text_literally(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = PlainConsole(file=io.StringIO(), force_terminal=False)
    entry = LogLine(at=1, text=text)
    LogPrinter(console, ["app"], times=True).print([("app", entry)])
    LinePrinter().show([event(text)])
    shown = capsys.readouterr().out
    assert shown.count(HOSTILE[text]) == 3
    assert not HARMFUL.search(shown)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_json_has_the_original_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    JsonLogPrinter().print([("app", LogLine(at=1, text=text))])
    JsonLines().show([event(text)])
    print(report(text).to_json().replace("\n", ""))
    shown = capsys.readouterr().out
    assert not HARMFUL.search(shown)
    log, line, document = map(json.loads, shown.splitlines())
    assert log["text"] == line["text"] == document["data"][text] == text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_junit_file_with_the_text_is_valid(text: str) -> None:
    written = junit.junit(report(text))
    assert not HARMFUL.search(written)
    ElementTree.fromstring(written.encode())  # noqa: S314


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_an_unknown_command_or_option_is_reported_without_escape_sequences(
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
def test_a_question_shows_the_text_literally(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    out = io.StringIO()
    console = PlainConsole(file=out, width=200, force_terminal=False)
    monkeypatch.setitem(terminal.__dict__, "console", console)
    monkeypatch.setattr("cosmicdeploy.cli.terminal.in_ci", lambda: False)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert not terminal.confirm(f"Go back to {text}?")
    assert HOSTILE[text] in out.getvalue()


def test_colors_and_carriage_returns_of_tools_are_removed() -> None:
    assert sanitized("\x1b[32mok\x1b[0m 1\r\n\ttwo \x1b[1;38;5;9mred\r") == "ok 1\n\ttwo red"


def test_an_error_fits_on_a_screen() -> None:
    line = "0xFF" * (1 << 20)
    error = CosmicError(line, where=line, todo=line, details=[line, *["x" * 300] * 99])
    assert len(str(error)) < 4000
    assert len(error.details) == 21
    assert max(map(len, error.details)) < 250
    assert "more characters" in error.details[0] and "80 more lines" in error.details[10]
    several = CosmicError("x", details=["one\ntwo", "", "three"])
    assert several.details == ("one", "two", "", "three")


def test_a_huge_text_is_cut_before_its_layout() -> None:
    """The layout of a line of 24 MB took ten minutes."""
    out = io.StringIO()
    huge = "[/]" * (8 << 20)
    PlainConsole(file=out, width=80).print(styled("{} {}", huge, huge), huge)
    assert len(out.getvalue()) < 4 * LONGEST
    assert out.getvalue().replace("\n", "").count("more characters") == 3

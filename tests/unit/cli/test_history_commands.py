"""`history` and `report` on a stack whose engine does not answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.report.console import PlainConsole
from cosmicdeploy.report.page.document import MARK
from cosmicdeploy.report.views.history.list import show_runs
from tests.unit.journal.history.recorded import Recorded
from tests.unit.shop import call

pytestmark = pytest.mark.unit
DOCS = Path(__file__).parents[3] / "docs" / "history.md"


@pytest.fixture
def recorded(folder: Path) -> Recorded:
    return Recorded(folder / ".cosmicdeploy")


@pytest.fixture
def runs(recorded: Recorded) -> Recorded:
    """The journal of the stack with a run that succeeded, failed, is earlier, and was killed."""
    return recorded.success().failure().earlier().killed()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def data(*words: str) -> Any:
    done = call(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["data"]


def test_without_a_run_the_list_says_so(folder: Path) -> None:
    done = call("history")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "No run is recorded yet" in done.stdout


def test_the_list_has_no_row_that_breaks_at_80_columns(runs: Recorded, narrow: None) -> None:
    runs.begin("ffff6666", "rollback --migration --from-other-stack", who="someone@" + "host" * 20)
    lines = call("history").stdout.splitlines()
    rows = [line for line in lines if line[:8].isalnum() and "11-30" in line]
    assert [row.split()[0] for row in rows] == [
        "ffff6666",
        "dddd4444",
        "cccc3333",
        "bbbb2222",
        "aaaa1111",
    ]
    assert max(map(len, rows)) <= 80
    assert "3 of 120" in rows[3] and "failed" in rows[3]
    assert any("ffff6666, dddd4444: no end is recorded" in line for line in lines)


def test_the_example_of_the_documentation_is_what_the_command_prints(
    runs: Recorded, narrow: None, time_zone: Callable[[str], None]
) -> None:
    time_zone("UTC")
    shown = call("history").stdout
    assert f"$ cosmicdeploy history\n{shown}```" in DOCS.read_text()


def test_a_pipe_gets_all_columns(runs: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    head, *rows = call("history").stdout.splitlines()
    columns = "run when who command release outcome s failed changed backup commit ci"
    assert head.split() == columns.split()
    assert "1a2b3c4d5e6f main dirty" in rows[0] and "GitHub Actions: release / deploy" in rows[0]


def test_ten_are_shown_and_the_others_counted(recorded: Recorded) -> None:
    for number in range(13):
        recorded.success(f"run{number:05}")
    shown = [line.split()[0] for line in call("history").stdout.splitlines() if "11-30" in line]
    assert shown == [f"run{number:05}" for number in range(12, 2, -1)]
    assert "3 are not shown; --all shows them" in call("history").stdout
    everything = call("history", "--all").stdout
    assert everything.count("run000") == 13 and "not shown" not in everything
    assert len(data("history")) == 13


@pytest.mark.parametrize(
    ("rest", "says"),
    [(0, "those in the archive are not shown"), (3, "3 and those in the archive are not shown")],
)
def test_runs_in_the_archive_are_named(
    rest: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = RunEntry(id="aaaa1111")
    show_runs(PlainConsole(), [entry], rest, has_archive=True, is_filtered=False)
    assert f"older runs: {says}; --all shows them" in capsys.readouterr().out


def test_filters(runs: Recorded) -> None:
    assert [row["run"] for row in data("history", "--outcome", "failed")] == ["bbbb2222"]
    assert data("history", "--release", "7") == []
    assert "No run matches" in call("history", "--since", "2026-12-24").stdout
    assert len(data("history", "--since", "2026-11-30T10:00:00+01:00")) == 4
    assert len(data("history", "--since", "2026-11-30T12:00:00+01:00")) == 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["history", "--outcome", "fail"], "did you mean 'failed'?"),
        (["history", "--outcome", "good"], "choose from changed, unchanged, failed"),
        (["history", "--since", "yesterday"], "neither a duration nor a time"),
        (["history", "show", "nothing"], "`cosmicdeploy history` lists the runs"),
        (["report", "nothing"], "`cosmicdeploy history` lists the runs"),
        (["history", "--all", "show", "bbbb"], "Write options after `show`"),
    ],
)
def test_bad_input_is_refused_in_a_line(runs: Recorded, words: list[str], text: str) -> None:
    done = call(*words)
    assert done.exit_code == 2 and text in done.stderr and "Traceback" not in done.stderr


def test_a_run_is_shown_with_its_lines_and_the_commands_that_continue(runs: Recorded) -> None:
    shown = call("history", "show", "bbbb").stdout
    for text in (
        "1a2b3c4d5e6f7a8b9c0d main dirty",
        "https://github.com/shop/web/actions/runs/7",
        "failed; everything that it had changed was undone",
        "│ KeyError: 'APP_KEY'",
        "last lines of rollout:",
        "│ waiting for web-1",
        "  cosmicdeploy deploy --plan  shows what another deploy would change",
        "requests on new connections:  60 sent, 3 failed",
    ):
        assert text in shown, text
    details = data("history", "show", "bbbb")
    assert details["continue"][0]["command"] == "cosmicdeploy deploy --plan"
    assert details["steps"][3]["outcome"] == "failed"


def test_the_newest_run_is_shown_by_default(runs: Recorded) -> None:
    assert data("history", "show")["run"] == "dddd4444"
    killed = call("history", "show").stdout
    assert "no summary is recorded" in killed and "cosmicdeploy deploy --resume" in killed
    earlier = call("history", "show", "cccc").stdout
    assert "not recorded: the run is of an earlier version" in earlier


def test_a_page_is_written_beside_the_journal(runs: Recorded, folder: Path) -> None:
    done = call("report", "bbbb2222", "--json")
    report = json.loads(done.stdout)
    page = folder / ".cosmicdeploy" / "pages" / "bbbb2222.html"
    assert (report["run"], report["page"]) == ("bbbb2222", str(page))
    assert MARK in page.read_text()
    assert str(page) in call("report", "bbbb2222").stdout


def test_a_page_is_written_to_a_file_but_over_no_other(runs: Recorded, folder: Path) -> None:
    assert call("report", "--html", "run.html").exit_code == 0
    first = Path("run.html").read_text()
    assert call("report", "--html", "run.html").exit_code == 0
    assert Path("run.html").read_text() == first
    for name, why in (
        ("compose.yml", "not overwritten"),
        (".cosmicdeploy/journal.jsonl", "not overwritten"),
        ("missing/run.html", "Cannot write the page"),
        (".", "Cannot write the page"),
    ):
        done = call("report", "--html", name)
        assert done.exit_code == 2 and why in done.stderr, name
    assert len(runs.path.read_text().splitlines()) == len(list(runs.journal.records()))


def test_a_page_to_stdout_is_followed_by_nothing(
    runs: Recorded, capfd: pytest.CaptureFixture[str]
) -> None:
    done = call("report", "--html", "/dev/stdout")
    assert (done.exit_code, done.stdout) == (0, "")
    page = capfd.readouterr().out
    assert MARK in page and page.endswith("</html>\n")


@pytest.mark.parametrize("can_open", [True, False])
def test_a_page_is_opened_if_there_is_a_browser(
    runs: Recorded, monkeypatch: pytest.MonkeyPatch, can_open: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or can_open)
    done = call("report", "--open")
    assert done.exit_code == 0 and opened[0].startswith("file://")
    assert ("no browser could be opened" in done.stderr) is not can_open


def test_a_missing_record_of_a_run_is_a_warning(runs: Recorded) -> None:
    with runs.path.open("a") as file:
        file.write('{"kind": "summary", "run": "dddd4444"}\n')
    done = call("history")
    assert done.exit_code == 0 and "dddd4444" in done.stdout
    assert "summary: at: Field required" in done.stderr

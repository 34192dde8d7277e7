"""The command line without an engine: bad input is one clear line and the right exit code."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cosmicdeploy import workspace
from cosmicdeploy.cli.app import app
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.state import Pin
from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS
from cosmicdeploy.report.schema import schema_text
from tests.unit.database.backups.entries import good
from tests.unit.shop import BACKUPS, COMPOSE, SETTINGS, IdleEngine, call, lay_out

ROOT = Path(__file__).resolve().parents[3]


def spawn(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a user has it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cosmicdeploy", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Each of them takes longer to load than help takes to print.
HEAVY = ["docker", "fsspec", "httpx", "pydantic", "pymysql", "rich", "sqlglot", "yaml", "zstandard"]


def test_help_loads_nothing_that_is_slow_to_load() -> None:
    """Without timing it: that is the benchmarks' part."""
    run = "import sys, runpy\ntry: runpy.run_module('cosmicdeploy', run_name='__main__')\n"
    tell = "finally: print(*sorted(sys.modules), file=sys.stderr)"
    # A command's own options are read by Typer with pydantic.
    for words, needed in ((["--help"], set()), (["deploy", "--help"], {"pydantic"})):
        command = [sys.executable, "-c", run + tell, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert "Usage: " in done.stdout
        assert "typer" in done.stderr.split()
        assert set(HEAVY) & set(done.stderr.split()) <= needed


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = call("--version")
    assert (done.exit_code, done.stdout) == (0, f"cosmicdeploy {project['version']}\n")


def test_help_says_each_command_in_a_line_and_shows_examples() -> None:
    for words in ([], ["backup"], ["features"], ["lock"], ["playbook"]):
        assert "..." not in call(*words, "--help").stdout.partition("Commands:")[2]
    assert "cosmicdeploy deploy --plan" in call("--help").stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    lay_out(tmp_path)
    return tmp_path


def test_no_engine_is_one_clear_line(folder: Path) -> None:
    done = spawn(folder, "deploy")
    assert done.returncode == 1
    assert "No Docker Engine answers" in done.stderr
    assert f"unix://{folder}/no.sock" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("cosmicdeploy.yaml", SETTINGS + "bakup: {}\n", "bakup"),
        ("cosmicdeploy.yaml", SETTINGS.replace("[web]", "[webb]"), "no service 'webb'"),
        ("cosmicdeploy.yaml", SETTINGS.replace("compose.yml", "absent.yml"), "absent.yml"),
        ("cosmicdeploy.yaml", "", "cosmicdeploy.yaml"),
        ("cosmicdeploy.yaml", "services: [\n", "cosmicdeploy.yaml"),
        ("compose.yml", COMPOSE.replace("image: shop/web", "imag: shop/web"), "imag"),
        ("compose.yml", COMPOSE.replace("shop/web", "'${IMAGE:?which image}'"), "which image"),
        ("compose.yml", "services:\n  web: {extends: {service: db}}\n", "extends"),
    ],
)
def test_bad_configuration_exits_with_2(folder: Path, file: str, text: str, expected: str) -> None:
    (folder / file).write_text(text)
    done = call("deploy")
    assert done.exit_code == 2
    assert expected in done.stderr
    assert "→" in done.stderr, "it says what to do"
    assert "Traceback" not in done.stderr


def test_no_configuration_exits_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("status")
    assert done.exit_code == 2
    assert "cosmicdeploy init" in done.stderr


def test_with_json_stdout_is_one_document(folder: Path) -> None:
    import jsonschema

    done = spawn(folder, "verify", "--json")
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_text()))
    assert document["exit_code"] == done.returncode == 1
    assert document["error"]["what"] == "No Docker Engine answers"


def test_a_traceback_only_with_verbose(folder: Path) -> None:
    assert "Traceback" in call("status", "--verbose").stderr
    assert "Traceback" not in call("status").stderr


def test_a_place_that_cannot_be_written_is_one_clear_line(folder: Path) -> None:
    """Root may write anywhere, so here the place is within a file."""
    done = call("init", "compose.yml/kiosk")
    assert done.exit_code == 1
    assert f"Not a directory ({folder}/compose.yml/kiosk)" in done.stderr
    assert "→ choose a path" in done.stderr and "Unexpected" not in done.stderr


@pytest.mark.parametrize(
    ("error", "what", "where"),
    [
        (PermissionError(13, "Permission denied", "/s/journal.jsonl"), "Permission denied", "/s/j"),
        (OSError(30, "Read-only file system", "/mnt/x"), "Read-only file system", "/mnt/x"),
        (PermissionError(13, "Permission denied"), "Unexpected PermissionError", ""),
        (FileNotFoundError(2, "No such file", "/s/x"), "Unexpected FileNotFoundError", ""),
    ],
)
def test_what_the_machine_refuses_is_no_fault_of_the_code(
    error: OSError, what: str, where: str
) -> None:
    told = to_cosmic_error(error)
    assert what in told.what and where in told.where
    assert ("--verbose" in told.todo) == (not where)


@pytest.mark.parametrize(
    "words",
    [["monitor", "--for"], ["logs", "--for"], ["deploy", "--wait"], ["backup", "create", "--wait"]],
)
def test_times_to_wait_take_the_forms_of_since(folder: Path, words: list[str]) -> None:
    assert call(*words, "90s").exit_code == call(*words, "600").exit_code == 1  # no engine
    wrong = call(*words, "soon")
    assert wrong.exit_code == 2 and "'soon' is not a duration" in " ".join(wrong.stderr.split())


@pytest.mark.parametrize("words", [["deploi"], ["deploy", "--plam"], ["step"]])
def test_bad_usage_exits_with_2(folder: Path, words: list[str]) -> None:
    assert call(*words).exit_code == 2


def test_a_backup_is_copied_to_where_no_copy_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "connect", IdleEngine)
    good(Catalogue(folder / BACKUPS), "20260301-120000-aaaa", database="shop")
    settings = folder / "cosmicdeploy.yaml"
    for places, made in (("{url: one}", ["one"]), ("{url: one}, {url: two}", ["two"])):
        settings.write_text(SETTINGS + f"backup: {{copies: [{places}]}}\n")
        report = json.loads(call("backup", "copy", "--json").stdout)
        assert (report["outcome"], report["data"]["copies"]) == ("changed", made)
    assert json.loads(call("backup", "copy", "--json").stdout)["outcome"] == "unchanged"
    settings.write_text(SETTINGS + "backup: {copies: [{url: 'nonsense://x'}]}\n")
    failed = call("backup", "copy")
    assert failed.exit_code == 1
    assert "nonsense://x" in failed.stderr


def test_rollback_without_a_name_lists_and_with_options_asks_for_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = SimpleNamespace(container=lambda _name: None, containers=lambda _project: [])
    monkeypatch.setattr(workspace, "connect", lambda: empty)
    none = call("rollback")
    assert none.exit_code == 0 and "no good backup" in none.stdout
    good(Catalogue(folder / BACKUPS), "20260301-120000-aaaa", database="shop")
    shown = call("rollback")
    assert shown.exit_code == 0 and not shown.stderr
    assert "20260301-120000-aaaa" in shown.stdout and "rollback --to ID" in shown.stdout
    report = json.loads(call("rollback", "--json").stdout)
    assert (report["outcome"], report["error"]) == ("done", None)
    assert [row["backup"] for row in report["data"]] == ["20260301-120000-aaaa"]
    for option in (["--yes"], ["--code-only"], ["--migration"], ["--wait", "5"]):
        asked = call("rollback", *option)
        assert asked.exit_code == 2 and "add --to ID" in asked.stderr


@pytest.fixture
def many_backups(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Twelve backups, newest first; each has what makes a row long."""
    empty = SimpleNamespace(container=lambda _name: None, containers=lambda _project: [])
    monkeypatch.setattr(workspace, "connect", lambda: empty)
    catalogue, ids = Catalogue(folder / BACKUPS), []
    for day in range(1, 13):
        ids.append(f"202603{day:02}-120000-aaaa")
        good(catalogue, ids[-1], database="shop", release="2026.11.27-" * 4)
        pin = Pin(at=datetime.now(UTC), reason="before the fair in the city of Nuremberg")
        catalogue.update_state(ids[-1], lambda state, pin=pin: state.updated(pin=pin))  # type: ignore[misc]
    return ids[::-1]


@pytest.mark.parametrize("words", [["rollback"], ["backup", "list"]])
def test_a_long_list_shows_the_ten_newest_and_all_on_request(
    many_backups: list[str], words: list[str]
) -> None:
    def listed(*options: str) -> list[str]:
        rows = call(*words, *options).stdout.splitlines()[1:]
        return [row.split()[0] for row in rows if row.startswith("2026")]

    assert listed() == many_backups[:10] and listed("--all") == many_backups
    assert "2 older not shown; --all shows them" in call(*words).stdout
    assert "--all shows" not in call(*words, "--all").stdout
    rows = json.loads(call(*words, "--json").stdout)["data"]
    assert [row.get("backup") or row["id"] for row in rows] == many_backups


@pytest.mark.parametrize("words", [["rollback"], ["backup", "list"], ["backup", "prune", "--plan"]])
def test_a_row_of_a_list_is_one_line(many_backups: list[str], words: list[str]) -> None:
    def rows(width: str | None) -> list[str]:
        done = CliRunner().invoke(app, words, env={"COLUMNS": width})
        lines = done.stdout.splitlines()
        return [line for line in lines if line.startswith("2026")]

    narrow, piped = rows("80"), rows(None)
    assert len(narrow) == len(piped) >= 10
    assert max(map(len, narrow)) <= 80 and all("…" in row for row in narrow)
    assert not any("…" in row for row in piped)


def test_the_old_name_of_monitor_still_works(folder: Path) -> None:
    """Scripts call it; its help, its exit code and its JSON are those of `monitor`."""
    assert " watch " not in call("--help").stdout
    old, new = (json.loads(call(name, "--json").stdout) for name in ("watch", "monitor"))
    assert (old["command"], old["error"], old["warnings"]) == ("monitor", new["error"], [])
    assert call("watch", "--help").exit_code == 0


def test_an_option_of_the_past_that_does_nothing_warns(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = SimpleNamespace(container=lambda _name: None, containers=lambda _project: [])
    monkeypatch.setattr(workspace, "connect", lambda: empty)
    good(Catalogue(folder / BACKUPS), "20260301-120000-aaaa", database="shop")
    done = call("rollback", "--to", "latest", "--restore")
    assert "--restore does nothing" in done.stderr
    assert "--restore" not in call("rollback", "--help").stdout
    both = call("rollback", "--to", "latest", "--restore", "--code-only")
    assert both.exit_code == 2 and "--restore and --code-only exclude each other" in both.stderr


def test_the_published_schema_is_the_code_s() -> None:
    assert (ROOT / "docs" / "report.schema.json").read_text() == schema_text()


def test_no_colors_in_a_pipe(folder: Path) -> None:
    assert "\x1b" not in call("deploy").stderr


def test_an_unknown_point_is_refused_with_the_nearest(folder: Path) -> None:
    done = call("verify", "--only", "health", "--only", "heartbaet")
    assert done.exit_code == 2
    assert "'heartbaet'" in done.stderr and "did you mean 'heartbeat'?" in done.stderr


def test_diagnose_names_its_problems_in_its_help() -> None:
    text = " ".join(call("diagnose", "--help").stdout.split())
    assert f"{', '.join(KNOWN_PROBLEMS)} (default: all)." in text
    listed = json.loads(call("diagnose", "--list", "--json").stdout)["data"]
    assert [row["trouble"] for row in listed] == list(KNOWN_PROBLEMS)


def test_an_unknown_problem_is_refused_with_the_nearest(folder: Path) -> None:
    done = call("diagnose", "shceduler")
    assert done.exit_code == 2
    assert "did you mean 'scheduler'?" in done.stderr


def test_without_an_engine_the_junit_file_tells_so(folder: Path) -> None:
    (folder / "verify.xml").write_text("all is well")
    assert call("verify", "--junit", "verify.xml").exit_code == 1
    assert 'errors="1"' in (folder / "verify.xml").read_text()
    assert call("verify", "--junit", "absent/verify.xml").exit_code == 2

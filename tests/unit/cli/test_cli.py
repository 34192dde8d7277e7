"""The command line without an engine: bad input gives one clear line and the right exit code."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS
from cosmicdeploy.report.schema import schema_text
from tests.unit.shop import COMPOSE, SETTINGS, EmptyEngine, call

ROOT = Path(__file__).resolve().parents[3]


def spawn(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a subprocess, as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "cosmicdeploy", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Each of these modules takes longer to load than help takes to print.
HEAVY = ["docker", "fsspec", "httpx", "pydantic", "pymysql", "rich", "sqlglot", "yaml", "zstandard"]


def test_help_loads_nothing_that_is_slow_to_load() -> None:
    """The benchmarks measure the time; this test names the modules."""
    run = "import sys, runpy\ntry: runpy.run_module('cosmicdeploy', run_name='__main__')\n"
    list_modules = "finally: print(*sorted(sys.modules), file=sys.stderr)"
    # Typer reads a command's own options with pydantic.
    for words, needed in ((["--help"], set()), (["deploy", "--help"], {"pydantic"})):
        command = [sys.executable, "-c", run + list_modules, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert "Usage: " in done.stdout
        assert "typer" in done.stderr.split()
        assert set(HEAVY) & set(done.stderr.split()) <= needed


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = call("--version")
    assert (done.exit_code, done.stdout) == (0, f"cosmicdeploy {project['version']}\n")


def test_help_has_one_line_for_each_command_and_examples() -> None:
    for words in ([], ["backup"], ["features"], ["lock"], ["playbook"]):
        assert "..." not in call(*words, "--help").stdout.partition("Commands:")[2]
    assert "cosmicdeploy deploy --plan" in call("--help").stdout


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
        ("compose.yml", "services:\n  web: {extends: {service: db}}\n", "extend"),
    ],
)
def test_bad_configuration_exits_with_2(folder: Path, file: str, text: str, expected: str) -> None:
    (folder / file).write_text(text)
    done = call("deploy")
    assert done.exit_code == 2
    assert expected in done.stderr
    assert "→" in done.stderr, "the error has advice"
    assert "Traceback" not in done.stderr


def test_no_configuration_exits_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("status")
    assert done.exit_code == 2
    assert "cosmicdeploy init" in done.stderr


def test_an_operator_who_types_abort_is_told_the_command(folder: Path) -> None:
    done = spawn(folder, "abort")
    assert done.returncode == 2
    assert "`cosmicdeploy deploy --abort` undoes an interrupted deploy or rollback" in done.stderr
    assert "`cosmicdeploy deploy --abort --accept` keeps what runs" in done.stderr


def test_with_json_standard_output_is_one_document(folder: Path) -> None:
    import jsonschema

    done = spawn(folder, "verify", "--json")
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_text()))
    assert document["exit_code"] == done.returncode == 1
    what = "No Docker Engine answers: the socket does not exist"
    assert document["error"]["what"] == what


def test_a_traceback_is_shown_only_with_verbose(folder: Path) -> None:
    assert "Traceback" in call("status", "--verbose").stderr
    assert "Traceback" not in call("status").stderr


def test_a_folder_that_cannot_be_created_is_one_clear_line(folder: Path) -> None:
    """The parent of the folder is a file, because root may write anywhere else."""
    done = call("init", "compose.yml/kiosk")
    assert done.exit_code == 1
    assert f"Not a directory ({folder}/compose.yml/kiosk)" in done.stderr
    assert "→ choose a path" in done.stderr and "Unexpected" not in done.stderr


def test_another_name_for_the_settings_of_a_new_stack_is_refused(folder: Path) -> None:
    done = call("init", "kiosk", "--config", "other.yaml")
    assert done.exit_code == 2 and "always written to cosmicdeploy.yaml" in done.stderr
    assert "`cosmicdeploy init DIRECTORY`" in done.stderr and not (folder / "kiosk").exists()


def test_a_switch_by_a_flag_file_does_not_claim_that_a_container_sees_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    (folder / "cosmicdeploy.yaml").write_text(SETTINGS + "features: {banner: {file: ./off}}\n")
    for result in ("is switched off", "was already off"):
        done = call("features", "disable", "banner")
        assert f"banner {result}; checked by its flag file on the host" in done.stdout, done.stderr
        assert "confirmed" not in done.stdout


@pytest.mark.parametrize(
    ("error", "what", "where"),
    [
        (PermissionError(13, "Permission denied", "/s/journal.jsonl"), "Permission denied", "/s/j"),
        (OSError(30, "Read-only file system", "/mnt/x"), "Read-only file system", "/mnt/x"),
        (PermissionError(13, "Permission denied"), "Unexpected PermissionError", ""),
        (FileNotFoundError(2, "No such file", "/s/x"), "Unexpected FileNotFoundError", ""),
    ],
)
def test_an_operating_system_error_with_a_path_is_not_called_unexpected(
    error: OSError, what: str, where: str
) -> None:
    converted = to_cosmic_error(error)
    assert what in converted.what and where in converted.where
    assert ("--verbose" in converted.todo) == (not where)


@pytest.mark.parametrize(
    "words",
    [["monitor", "--for"], ["logs", "--for"], ["deploy", "--wait"], ["backup", "create", "--wait"]],
)
def test_durations_to_wait_have_the_same_forms_in_all_commands(
    folder: Path, words: list[str]
) -> None:
    assert call(*words, "90s").exit_code == call(*words, "600").exit_code == 1  # no engine
    wrong = call(*words, "soon")
    assert wrong.exit_code == 2 and "'soon' is not a duration" in " ".join(wrong.stderr.split())


@pytest.mark.parametrize("words", [["deploi"], ["deploy", "--plam"], ["step"]])
def test_bad_usage_exits_with_2(folder: Path, words: list[str]) -> None:
    assert call(*words).exit_code == 2


def test_watch_the_former_name_of_monitor_still_works(folder: Path) -> None:
    """Scripts call `watch`; its help, exit code and JSON are those of `monitor`."""
    assert " watch " not in call("--help").stdout
    old, new = (json.loads(call(name, "--json").stdout) for name in ("watch", "monitor"))
    assert (old["command"], old["error"], old["warnings"]) == ("monitor", new["error"], [])
    assert call("watch", "--help").exit_code == 0


def test_the_published_schema_is_up_to_date() -> None:
    assert (ROOT / "docs" / "report.schema.json").read_text() == schema_text()


def test_a_pipe_gets_no_colors(folder: Path) -> None:
    assert "\x1b" not in call("deploy").stderr


def test_an_unknown_point_is_refused_with_the_nearest_name(folder: Path) -> None:
    done = call("verify", "--only", "health", "--only", "heartbaet")
    assert done.exit_code == 2
    assert "'heartbaet'" in done.stderr and "did you mean 'heartbeat'?" in done.stderr


def test_the_help_of_diagnose_names_all_problems() -> None:
    text = " ".join(call("diagnose", "--help").stdout.split())
    assert f"{', '.join(KNOWN_PROBLEMS)} (default: all)." in text
    listed = json.loads(call("diagnose", "--list", "--json").stdout)["data"]
    assert [row["trouble"] for row in listed] == list(KNOWN_PROBLEMS)


def test_an_unknown_problem_is_refused_with_the_nearest_name(folder: Path) -> None:
    done = call("diagnose", "shceduler")
    assert done.exit_code == 2
    assert "did you mean 'scheduler'?" in done.stderr


def test_without_an_engine_the_junit_file_has_an_error(folder: Path) -> None:
    (folder / "verify.xml").write_text("all is well")
    assert call("verify", "--junit", "verify.xml").exit_code == 1
    assert 'errors="1"' in (folder / "verify.xml").read_text()
    assert call("verify", "--junit", "absent/verify.xml").exit_code == 2

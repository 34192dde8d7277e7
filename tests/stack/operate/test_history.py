"""The record of real runs: the list, a run with its lines, its page."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.layout import SOURCES
from cosmicdeploy.report.page.document import MARK
from tests.stack.support.harness import RELEASED, Done, StackUnderTest
from tests.stack.support.promises import acknowledged

pytestmark = pytest.mark.stack

REPLICAS = [name for name in RELEASED if "app" in name]
JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKFLOW": "release",
    "GITHUB_JOB": "deploy",
    "GITHUB_SERVER_URL": "https://ci:hidden@github.example",
    "GITHUB_REPOSITORY": "shop/web",
    "GITHUB_RUN_ID": "7?token=hidden",
}


def rows(stack: StackUnderTest, *options: str) -> list[dict[str, Any]]:
    done = stack.cli("history", *options, "--json")
    assert done.code == 0 and not done.report["warnings"], done.stderr
    found: list[dict[str, Any]] = done.report["data"]
    return found


def details(stack: StackUnderTest, run: str) -> dict[str, Any]:
    done = stack.cli("history", "show", run, "--json")
    assert done.code == 0, done.stderr
    found: dict[str, Any] = done.report["data"]
    return found


def page_of(done: Done) -> str:
    text = Path(done.report["page"]).read_text()
    assert MARK in text and "<script" not in text
    return text


def test_a_deploy_is_recorded_with_its_origin_requests_and_page(release_1: StackUnderTest) -> None:
    release_1.put_release_2()
    with acknowledged(release_1) as beats:
        done = release_1.cli("deploy", "--json", **JOB)
    assert done.code == 0, done.stderr
    assert beats.failures == []
    report, row = done.report, rows(release_1)[0]
    assert (row["run"], row["outcome"], row["running"]) == (report["run"], "changed", "2")
    assert row["ci"] == {
        "system": "GitHub Actions",
        "job": "release / deploy",
        "url": "https://github.example/shop/web/actions/runs/7",
    }
    assert row["git"] is None, "the folder of the stack is no repository"
    assert row["backup"] == report["backup"] and row["host"] in row["who"]
    names = [step["name"] for step in report["steps"] if step["outcome"] == "changed"]
    assert row["changed"] == names
    assert row["requests"]["sent"] == report["requests"]["sent"]
    assert (row["requests"]["failed"], row["requests"]["not_found"]) == (0, 0)
    journal = (release_1.folder / ".cosmicdeploy" / "journal.jsonl").read_text()
    assert "hidden" not in journal

    found = details(release_1, report["run"])
    assert [step["name"] for step in found["steps"]] == [step["name"] for step in report["steps"]]
    ends = [step["ended"] for step in found["steps"]]
    assert ends == sorted(ends) and ends[-1] <= found["seconds"]
    started = {each["service"] for each in found["phases"] if each["phase"] == "start"}
    assert started == set(RELEASED)
    counted = sum(sum(found["series"][kind]["sent"]) for kind in ("new", "kept"))
    requests = report["requests"]
    left_out = sum(requests[name] for name in ("held", "announced", "limited"))
    assert counted == requests["sent"] - left_out
    assert {point["point"] for point in found["points"]} >= {"health", "images", "schema"}
    assert found["left_out"] == [] and found["releases_before"]["cosmic-app-1"] == "1"

    page = page_of(done)
    assert "Release 2 is in place" in page and report["backup"] in page
    assert all(page.count(f">{name}<") >= 2 for name in REPLICAS), "phases and releases"
    file = release_1.folder / "run.html"
    assert release_1.cli("report", report["run"], "--html", str(file)).code == 0
    assert file.read_text() == page
    shown = release_1.cli("deploy").stdout
    assert "page of the run" not in shown, "it changed nothing"


def test_the_list_of_many_runs_has_no_row_that_breaks(released: StackUnderTest) -> None:
    done = released.cli("history")
    assert done.code == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "run",
        "when",
        "who",
        "command",
        "release",
        "outcome",
        "s",
        "failed",
    ]
    listed = [row["run"] for row in rows(released)]
    shown = [line.split()[0] for line in lines[1 : 1 + min(10, len(listed))]]
    assert shown == listed[:10]
    assert max(len(line) for line in lines[: 1 + len(shown)]) <= 80


def test_a_failed_deploy_shows_its_lines_and_what_continues(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "\nRUN echo the-last-line && exit 7\n")
    before = released.snapshot()
    done = released.cli("deploy", "--json")
    assert done.code == 1 and released.snapshot() == before
    row = rows(released, "--outcome", "failed")[0]
    assert (row["run"], row["failed_in"], row["undone"]) == (done.report["run"], "build", True)
    shown = released.cli("history", "show").stdout
    assert "the-last-line" in shown and "failed; everything that it had changed was undone" in shown
    assert "  cosmicdeploy deploy --plan" in shown
    page = page_of(done)
    places = [page.index(text) for text in ("failed in build", "the-last-line", "Timeline")]
    assert places == sorted(places)


def test_history_and_report_need_no_engine(released: StackUnderTest) -> None:
    released.cli("deploy")
    gone = {"DOCKER_HOST": "unix:///nonexistent.sock"}
    assert released.cli("status", **gone).code != 0
    assert released.cli("history", **gone).code == 0
    assert released.cli("report", **gone).code == 0


@pytest.mark.torture
def test_a_killed_deploy_is_unfinished_until_another_resumes_it(
    release_1: StackUnderTest,
) -> None:
    release_1.put_release_2()
    killed = release_1.start("done:build", "deploy", module="tests.stack.support.processes.killed")
    killed.communicate(timeout=200)
    assert killed.returncode == -signal.SIGKILL
    row = rows(release_1)[0]
    assert (row["outcome"], row["resolved_by"], row["seconds"]) == ("unfinished", None, None)
    assert "cosmicdeploy deploy --resume" in release_1.cli("history", "show").stdout
    done = release_1.cli("deploy", "--resume", "--json")
    assert done.code == 0, done.stderr
    after = {each["run"]: each for each in rows(release_1)}
    assert after[row["run"]]["resolved_by"] == done.report["run"]
    assert after[done.report["run"]]["resolves"] == [row["run"]]


@pytest.mark.torture
def test_a_rollback_a_restart_and_a_backup_are_recorded(released: StackUnderTest) -> None:
    for words in (
        ("backup", "create"),
        ("restart", "cosmic-scheduler"),
        ("rollback", "--to", "latest", "--yes"),
    ):
        done = released.cli(*words, "--json")
        assert done.code == 0, done.stderr
        found = details(released, done.report["run"])
        assert (found["command"], found["outcome"]) == (
            " ".join(words[:2]).split(" --")[0],
            "changed",
        )
    assert found["target"] and found["maintenance"], "clients were kept out while data was swapped"
    assert "503 with Retry-After" in page_of(done)


@pytest.mark.torture
def test_a_killed_run_leaves_a_journal_that_any_record_can_end(release_1: StackUnderTest) -> None:
    """Also where the last record, the summary, was cut short."""
    release_1.put_release_2()
    done = release_1.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    path = release_1.folder / ".cosmicdeploy" / "journal.jsonl"
    whole = path.read_bytes()
    assert json.loads(whole.splitlines()[-1])["kind"] == "summary"
    path.write_bytes(whole[:-200])
    try:
        listed = release_1.cli("history", "--json")
        assert listed.code == 0 and listed.report["data"][0]["outcome"] == "changed"
        again = release_1.cli("deploy", "--json")
        assert again.code == 0 and again.report["outcome"] == "unchanged", again.stderr
    finally:
        path.write_bytes(whole)

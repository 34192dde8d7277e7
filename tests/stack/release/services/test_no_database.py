"""A stack without a database, a console and a proxy is deployed, verified and rolled back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.stacks.one_app import OneApp, one_app

pytestmark = pytest.mark.stack

NOTE = "note: no database: nothing is backed up, and a rollback restores only the code"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneApp]:
    """Release 1, running."""
    with one_app(tmp_path_factory.mktemp("plain")) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_a_release_is_deployed_once_and_rolled_back(up: OneApp) -> None:
    assert up.answering_release() == "1"
    assert "no release to roll back to" in up.cli("rollback").stdout
    up.write(release="2")
    plan = up.cli("deploy", "--plan")
    assert plan.stdout.count(NOTE) + plan.stderr.count(NOTE) == 1, plan
    planned = " ".join(plan.stdout.split())  # a table breaks its lines
    assert "keep the images of release 1" in planned
    assert "no client is served between its stop and its start" in planned

    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert (done.report["release"], up.answering_release()) == ("2", "2")
    assert done.outcomes["backup"] == "changed" and done.outcomes["migrate"] == "unchanged"
    assert done.reason("migrate") == "the stack has no database"
    assert done.report["requests"]["sent"] > 0, "the published port is probed"
    kept = done.report["backup"]

    again = up.cli("deploy", "--json")
    assert again.report["outcome"] == "unchanged", again.stdout
    points = {each["point"]: each for each in up.cli("verify", "--json").report["checks"]}
    assert all(each["ok"] for each in points.values())
    assert points["schema"]["skipped"] and points["schema"]["found"] == "the stack has no database"

    listed = up.cli("rollback", "--json").report["data"]
    assert [(row["backup"], row["release"]) for row in listed] == [(kept, "1")]
    back = up.cli("rollback", "--to", "1", "--yes", "--json")
    assert back.code == 0, back.stdout
    assert (back.report["release"], up.answering_release()) == ("1", "1")
    before = up.app_id()
    up.compose("up", "-d")
    assert up.app_id() == before, "Compose finds nothing to recreate"


def test_a_release_that_fails_leaves_the_former_one_in_place(up: OneApp) -> None:
    before, release = up.app_id(), up.answering_release()
    up.write(release="9-bad")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert "preflight" in failed.report["error"]["where"]
    assert "state is the same as before: images and containers" in str(failed.report["error"])
    assert (up.app_id(), up.answering_release()) == (before, release)
    assert failed.report["requests"]["failed"] == 0


def test_the_images_of_a_stack_without_data_are_listed_but_never_restored(up: OneApp) -> None:
    shown = up.cli("backup", "list")
    assert "no data" in shown.stdout and "images only: the stack has no database" in shown.stdout
    for words in (
        ["backup", "create"],
        ["backup", "verify"],
        ["rollback", "--to", "latest", "--migration"],
        ["migrate"],
        ["console", "list"],
    ):
        refused = up.cli(*words)
        assert refused.code == 2, (words, refused)
        assert "has no " in refused.stderr and "→" in refused.stderr


@pytest.mark.fault("standard output on a full disk")
def test_a_deploy_goes_on_although_its_output_cannot_be_written(up: OneApp) -> None:
    """As with `cosmicdeploy deploy >file` on a full disk."""
    up.write(release="unseen")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cosmicdeploy", "deploy"],
            cwd=up.folder,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    last = "error: Standard output could not be written: No space left on device"
    assert done.stderr.splitlines()[-1] == last
    assert up.answering_release() == "unseen"
    assert any(record["kind"] == "success" for record in up.open().journal.records())
    status = up.cli("status", "--json").report
    assert status["unfinished"] == [] and up.cli("verify").code == 0

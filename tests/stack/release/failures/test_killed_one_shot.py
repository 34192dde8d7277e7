"""kill -9 while a service runs to its end: its migration is not killed, but waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.process.polling import poll
from tests.stack.layouts.kinds.one_shot import OneShot
from tests.stack.stacks.databases import run
from tests.stack.stacks.one_app import stack_of_kind

pytestmark = [pytest.mark.stack, pytest.mark.torture]

# In seconds: longer than the deployer's other work after a kill.
MIGRATES = 15


class SlowOneShot(OneShot):
    """Each migration but the first takes a while, and is lost if its container is killed."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release)
        slow = f"        time.sleep({MIGRATES} * (number > 1))\n        query(MIGRATIONS[number])\n"
        text = files["app.py"].replace("        query(MIGRATIONS[number])\n", slow)
        files["app.py"] = text.replace("import os, sys\n", "import os, sys, time\n")
        return files

    def version(self) -> int:
        sql = "SELECT MAX(version) FROM schema_version"
        [[version]] = run(self.open().database(), sql, schema="notes")
        return int(version)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[SlowOneShot]:
    with stack_of_kind(tmp_path, SlowOneShot) as stack:
        done = stack.cli("up")
        assert done.code == 0, done.stderr
        yield stack


def kill(stack: SlowOneShot) -> str:
    """Kill a deploy of release 2 while it migrates; return the id of the container that runs on."""
    before = stack.ids()["migrate"]
    stack.write(release="2")
    process = stack.start("deploy")

    def migrating() -> str:
        container = stack.open().container("migrate")
        is_new = container is not None and container.is_running and container.id != before
        return container.id if container is not None and is_new else ""

    found = poll(migrating, until=bool, every=0.2, within=120)
    os.kill(process.pid, signal.SIGKILL)
    output = process.communicate(timeout=60)
    assert found and process.wait() == -signal.SIGKILL, output
    return found


@pytest.mark.fault("kill -9 while a one-shot service migrates, then deploy --abort")
def test_an_abort_waits_for_the_migration(up: SlowOneShot) -> None:
    before = up.ids()
    kill(up)
    assert up.version() == 1
    undone = up.cli("deploy", "--abort", "--json")
    assert undone.code == 0, undone.stderr
    assert up.version() == 2, "the migration was killed"
    assert up.ids() == before and up.answering_release() == "1"


@pytest.mark.fault("kill -9 while a one-shot service migrates, then deploy")
def test_a_resumed_deploy_waits_for_the_migration_and_does_not_repeat_it(up: SlowOneShot) -> None:
    migrated_by = kill(up)
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert up.version() == 2 and up.answering_release() == "2"
    assert up.ids()["migrate"] == migrated_by
    assert "ended successfully" in done.reason("one-shot")

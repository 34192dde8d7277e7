"""Faults during a deploy or rollback: the stack ends in a whole state, and the next run works."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cosmicdeploy.layout import SOURCES
from tests.stack.stacks.dumps import ENDLESS, fake_tool, is_run
from tests.stack.support.harness import ROOT, Done, StackUnderTest
from tests.stack.support.network.relay import Relay
from tests.stack.support.promises import acknowledged, require_backups_intact, require_whole

pytestmark = pytest.mark.stack

ENGINE = Path("/var/run/docker.sock")
# Hangs on the replica whose address ends in this byte, and serves on the others.
STUCK = """
CMD ["sh", "-c", "case $(hostname -i) in *.{last}) sleep 300; esac; python3 -m cosmic_app.serve"]
"""
SHORT_LIVED = """
CMD ["sh", "-c", "python3 -m cosmic_app.serve & sleep 25; exit 9"]
"""


def add_to_dockerfile(stack: StackUnderTest, lines: str) -> None:
    dockerfile = stack.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + lines)


def wait_for_record(stack: StackUnderTest, known: int, kind: str, step: str) -> None:
    """Wait for a journal record of this kind and step, after the first `known` records."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        records = list(stack.open().journal.records())[known:]
        if any((r["kind"], r.get("step")) == (kind, step) for r in records):
            return
        time.sleep(0.05)
    raise AssertionError(f"no {kind} record of {step} in time")


@pytest.mark.fault("engine's socket cut in mid-dump, mid-roll, mid-restore")
@pytest.mark.parametrize(
    "step",
    [
        pytest.param("backup", marks=pytest.mark.torture),
        pytest.param("rollout", marks=pytest.mark.torture),
        pytest.param("load", marks=pytest.mark.torture),
    ],
)
def test_a_lost_engine_leaves_no_half_state(
    released: StackUnderTest, tmp_path: Path, step: str
) -> None:
    backup = released.open().catalogue.get("latest").id
    released.set_variable("APP_VERSION", f"cut-{step}")
    words = ("rollback", "--to", backup, "--yes") if step == "load" else ("deploy",)
    known = len(list(released.open().journal.records()))
    with acknowledged(released) as beats:
        with Relay(tmp_path / "engine.sock", ENGINE) as relay:
            process = released.start(*words, DOCKER_HOST=f"unix://{relay.path}")
            wait_for_record(released, known, "intent", step)
            time.sleep(0.3)
        out, err = process.communicate(timeout=180)
        done = Done(process.returncode, out, err)
        assert done.code in (1, 3), err
        assert "ngine" in err and "Traceback" not in err
        again = released.cli(*words, "--json")
        assert again.code == 0, again.stderr
    assert beats.failures == []
    require_whole(released)
    require_backups_intact(released)
    assert released.cli("status", "--json").report["unfinished"] == []


@pytest.mark.fault("engine's socket cut in mid-dump, mid-roll, mid-restore")
def test_a_dump_ends_when_the_engine_is_lost(released: StackUnderTest, tmp_path: Path) -> None:
    before = released.snapshot()
    ctx = released.open()
    with (
        fake_tool(ctx.engine, ctx.database(), f"{ENDLESS}\n"),
        Relay(tmp_path / "engine.sock", ENGINE) as relay,
    ):
        process = released.start("backup", "create", DOCKER_HOST=f"unix://{relay.path}")
        while not is_run():
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
    _out, err = process.communicate(timeout=60)
    assert process.returncode in (1, 3), err
    newest = released.open().catalogue.list()[0]
    assert newest.manifest.status == "failed" and newest.manifest.reason
    assert released.snapshot() == before
    assert released.cli("backup", "create").code == 0


@pytest.mark.torture
@pytest.mark.fault("image that never gets healthy, on each replica")
@pytest.mark.parametrize("replica", [2, 3])
def test_a_replica_that_never_gets_healthy_undoes_the_others(
    released: StackUnderTest, replica: int
) -> None:
    add_to_dockerfile(released, STUCK.format(last=10 + replica))
    released.set_setting("healthy_within: 60", "healthy_within: 8")
    before = released.snapshot()
    with acknowledged(released) as beats:
        done = released.cli("deploy", "--json")
    assert done.code == 1, done.stderr
    assert (
        f"cosmic-app-{replica}" in done.stderr and "the state is the same as before" in done.stderr
    )
    assert released.snapshot() == before
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(released)


@pytest.mark.torture
@pytest.mark.fault("container that dies half a minute after the deploy")
def test_status_shows_a_later_crash_and_a_rollback_works(released: StackUnderTest) -> None:
    backup = released.open().catalogue.get("latest").id
    add_to_dockerfile(released, SHORT_LIVED)
    deployed = released.cli("deploy", "--json")
    assert deployed.code == 0, deployed.stderr
    time.sleep(30)
    # Its restart policy starts it again, so it may be healthy at this moment.
    rows = released.cli("status", "--json").report["data"]
    assert any(row["restarts"] for row in rows)
    back = released.cli("rollback", "--code-only", "--to", deployed.report["backup"], "--yes")
    assert back.code == 0, back.stderr
    require_whole(released)
    assert released.open().catalogue.get(backup).is_good


@pytest.mark.torture
@pytest.mark.fault("Redis gone throughout")
def test_without_redis_a_deploy_changes_nothing(released: StackUnderTest) -> None:
    ctx, before = released.open(), released.snapshot()
    cache = ctx.running("platform-redis")
    ctx.engine.stop(cache.id, 10)
    try:
        released.set_variable("APP_VERSION", "no-cache")
        done = released.cli("deploy")
        assert done.code == 1 and "platform-redis" in done.stderr
    finally:
        ctx.engine.start(cache.id)
    assert released.cli("step", "health").code == 0
    assert released.snapshot() == before
    assert released.cli("deploy").code == 0


@pytest.mark.torture
@pytest.mark.last
@pytest.mark.fault("container engine restarted in mid-deploy")
def test_a_restarted_engine_leaves_no_half_state(released: StackUnderTest) -> None:
    """All containers stop and start with the engine."""
    released.set_variable("APP_VERSION", "restarted")
    known = len(list(released.open().journal.records()))
    process = released.start("deploy")
    wait_for_record(released, known, "intent", "rollout")
    engine = int(Path("/var/run/docker.pid").read_text())
    os.kill(engine, signal.SIGTERM)
    _out, err = process.communicate(timeout=180)
    assert process.returncode in (1, 3), err
    while Path(f"/proc/{engine}").exists():  # it stops all containers first
        time.sleep(0.2)
    subprocess.run([str(ROOT / "bootstrap" / "engine.sh")], check=True, timeout=120)
    until = time.monotonic() + 120
    while (again := released.cli("deploy", "--json")).code != 0 and time.monotonic() < until:
        time.sleep(2)  # the stack starts again first
    assert again.code == 0, again.stderr
    require_whole(released)
    require_backups_intact(released)

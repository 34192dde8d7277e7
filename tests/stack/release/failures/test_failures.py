"""A failure gives a clear error and leaves the stack unchanged."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cosmicdeploy.layout import SOURCES
from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.network.relay import Relay

pytestmark = pytest.mark.stack


@contextmanager
def untouched(stack: StackUnderTest) -> Iterator[None]:
    """Assert that the block leaves the stack unchanged, and that it serves all the time."""
    before = stack.snapshot()
    with stack.beats() as beats:
        yield
    assert stack.snapshot() == before
    assert beats.failures == []


def require_error(done: Done, code: int, *words: str) -> None:
    """Assert an exit code and an error with these words and a hint, but without a traceback."""
    assert done.code == code, done.stderr
    for word in words:
        assert word in done.stderr
    assert "error:" in done.stderr and "→" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.fault("build that fails")
def test_a_failed_build_shows_its_last_lines(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "\nRUN echo the-last-line && exit 7\n")
    with untouched(released):
        done = released.cli("deploy")
    require_error(done, 1, "could not be built", "the-last-line")


@pytest.mark.torture
@pytest.mark.fault("image that never gets healthy, on each replica")
def test_a_deploy_of_an_app_that_never_gets_healthy_is_undone(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text() + '\nCMD ["sh", "-c", "echo cannot-start >&2; sleep 300"]\n'
    )
    released.set_setting("healthy_within: 60", "healthy_within: 8")
    with untouched(released):
        done = released.cli("deploy")
    require_error(done, 1, "did not become healthy", "cannot-start", "last probe")


@pytest.mark.fault("image that never gets healthy, on each replica")
def test_a_deploy_of_an_app_whose_health_check_fails_is_undone(released: StackUnderTest) -> None:
    """It answers requests, but the engine would report it as unhealthy some time later."""
    released.set_setting("healthy_within: 60", "healthy_within: 4")
    compose = released.folder / "docker-compose.prod.yml"
    check = 'test: ["CMD", "curl", "-fsS", "-m", "2", "http://127.0.0.1:80/api/health"]'
    text = compose.read_text()
    assert check in text
    compose.write_text(text.replace(check, check.replace('"curl"', '"false"')))
    with untouched(released):
        done = released.cli("deploy")
    require_error(done, 1, "did not become healthy", "no replica was touched")


@pytest.mark.torture
def test_an_app_that_ends_at_once_is_detected_early(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + '\nCMD ["sh", "-c", "echo bye; exit 3"]\n')
    released.set_setting("healthy_within: 60", "healthy_within: 300")
    started = time.monotonic()
    with untouched(released):
        done = released.cli("deploy")
    require_error(done, 1, "did not become healthy", "bye")
    assert time.monotonic() - started < 300, "it waited for the whole time"


@pytest.mark.fault("wrong password")
def test_a_wrong_database_password_is_named(released: StackUnderTest) -> None:
    with untouched(released):
        done = released.cli("deploy", DB_ROOT_PASSWORD="wrong-p4ss")
    require_error(done, 1, "password")
    assert "wrong-p4ss" not in done.stderr + done.stdout


def test_a_missing_secret_is_named(released: StackUnderTest) -> None:
    released.set_variable("DEVICE_TOKEN", "")
    done = released.cli("verify")
    assert done.code == 5
    assert "DEVICE_TOKEN" in done.stdout
    released.set_variable("APP_VERSION", "without-a-token")
    with untouched(released):
        require_error(released.cli("deploy"), 2, "The variable DEVICE_TOKEN is empty")


@pytest.mark.fault("token that the application does not know")
def test_an_unknown_token_is_named_before_a_replica_is_touched(released: StackUnderTest) -> None:
    lives = released.lives()
    released.set_variable("DEVICE_TOKEN", "of-no-device")
    released.set_variable("APP_VERSION", "with-an-unknown-token")
    with untouched(released):
        done = released.cli("deploy")
    words = ("does not know the token in DEVICE_TOKEN", "no replica was touched")
    require_error(done, 1, *words)
    assert "of-no-device" not in done.stderr + done.stdout
    assert released.lives() == lives, "no container was stopped and started again either"


def test_an_unknown_backup_lists_the_candidates(released: StackUnderTest) -> None:
    with untouched(released):
        done = released.cli("rollback", "--to", "20010101-000000-abcd", "--yes")
    newest = next(b for b in released.open().catalogue.list() if b.is_good)
    require_error(done, 2, "20010101-000000-abcd", newest.id)


def test_without_a_terminal_a_rollback_needs_yes(released: StackUnderTest) -> None:
    require_error(released.cli("rollback", "--to", "latest"), 2, "--yes")


@pytest.mark.fault("image of the backup is gone")
def test_a_rollback_to_a_missing_image_stops_no_container(released: StackUnderTest) -> None:
    ctx = released.open()
    backup = ctx.catalogue.get("latest")
    path = backup.data.with_name(f"{backup.id}.json")
    kept = path.read_text()
    gone = "sha256:" + "0" * 64
    path.write_text(kept.replace(backup.manifest.images["cosmic-app-1"], gone))
    try:
        with untouched(released):
            done = released.cli("rollback", "--to", backup.id, "--yes")
        require_error(done, 1, "image of", "is gone")
    finally:
        path.write_text(kept)


@pytest.mark.fault("disk full")
def test_a_full_disk_stops_the_deploy_before_any_change(
    released: StackUnderTest, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    subprocess.run(mount, check=True)
    try:
        released.set_setting("./data-kiosk/backups", str(small))
        released.set_variable("APP_VERSION", "3")
        with untouched(released):
            done = released.cli("deploy")
        require_error(done, 1, "room")
        assert not list(small.glob("*.partial"))
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.torture
@pytest.mark.fault("lock of a dead run")
def test_a_second_run_sees_the_lock_holder_until_that_is_killed(
    released: StackUnderTest,
) -> None:
    released.set_variable("APP_VERSION", "5")
    known = len(started_steps(released))
    first = released.start("deploy")
    wait_for_step(released, "backup", known)
    first.send_signal(signal.SIGSTOP)  # otherwise it may end before the second run starts
    second = released.cli("deploy")
    first.kill()
    first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL, "the run ended before the kill"
    require_error(second, 4, "`cosmicdeploy deploy` is at work", f"process {first.pid}", "since")
    done = released.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert done.report["release"] == "5"
    assert len(released.images()) == 1
    names = {c.name for c in released.containers().values()}
    ctx = released.open()
    assert {c.name for c in ctx.engine.containers(ctx.stack.project)} == names


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.torture), signal.SIGTERM]
)
@pytest.mark.fault("SIGINT, SIGTERM, SIGHUP")
def test_an_interrupted_deploy_is_undone_and_releases_the_lock(
    released: StackUnderTest, number: signal.Signals
) -> None:
    released.set_variable("APP_VERSION", f"6-{number.name}")
    with untouched(released):
        known = len(started_steps(released))
        process = released.start("deploy", "--json")
        wait_for_step(released, "rollout", known)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=120)
        done = Done(process.returncode, out, err)
    assert done.code == 130, err
    assert done.report["outcome"] == "interrupted"
    assert done.outcomes["build"] == "undone"


def started_steps(stack: StackUnderTest) -> list[str]:
    """Return all steps in the journal that started a change, in order."""
    return [r["step"] for r in stack.open().journal.records() if r["kind"] == "intent"]


def wait_for_step(stack: StackUnderTest, step: str, known: int, seconds: float = 120) -> None:
    """Wait until a step starts a change; ignore the first `known` steps of the journal."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if step in started_steps(stack)[known:]:
            return
        time.sleep(0.1)
    raise AssertionError(f"the run did not reach {step} in time")


# test_faults does the same during the rollout, and checks the next run.
@pytest.mark.torture
@pytest.mark.fault("engine gone in mid-build")
def test_a_lost_engine_is_reported(released: StackUnderTest, tmp_path: Path) -> None:
    released.set_variable("APP_VERSION", "7")
    with Relay(tmp_path / "engine.sock", Path("/var/run/docker.sock")) as relay:
        known = len(started_steps(released))
        process = released.start("deploy", DOCKER_HOST=f"unix://{relay.path}")
        wait_for_step(released, "build", known)
    out, err = process.communicate(timeout=120)
    done = Done(process.returncode, out, err)
    assert done.code == 3, err
    assert "ngine" in err and "Traceback" not in err
    assert released.cli("deploy").code == 0, "the next run converges"


def test_no_secret_is_in_output_journal_or_manifests(released: StackUnderTest) -> None:
    secrets = [
        released.open().loaded.secret(name)
        for name in ("DB_ROOT_PASSWORD", "DB_PASSWORD", "REDIS_PASSWORD", "DEVICE_TOKEN")
    ]
    done = released.cli("deploy", "--json", "--verbose")
    backup = released.cli("backup", "create", "--json")
    kept = [p for p in (released.folder / ".cosmicdeploy").rglob("*") if p.is_file()]
    kept += list((released.folder / "data-kiosk" / "backups").glob("*.json"))
    assert kept
    texts = [done.stdout, done.stderr, backup.stdout, backup.stderr]
    texts += [path.read_text() for path in kept]
    for secret in secrets:
        assert not any(secret in text for text in texts)

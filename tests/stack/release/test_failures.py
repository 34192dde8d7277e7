"""What goes wrong is one clear line, and leaves the stack as it was."""

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
from tests.stack.support.relay import Relay

pytestmark = pytest.mark.stack


@contextmanager
def untouched(stack: StackUnderTest) -> Iterator[None]:
    """What happens in the block leaves the stack as it was, serving all the while."""
    before = stack.snapshot()
    with stack.beats() as beats:
        yield
    assert stack.snapshot() == before
    assert beats.failures == []


def clear(done: Done, code: int, *words: str) -> None:
    """One clear message: what, and what to do; never a traceback."""
    assert done.code == code, done.stderr
    for word in words:
        assert word in done.stderr
    assert "error:" in done.stderr and "→" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.fault("build that fails")
def test_a_build_that_fails_shows_its_last_lines(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "\nRUN echo the-last-line && exit 7\n")
    with untouched(released):
        done = released.cli("deploy")
    clear(done, 1, "could not be built", "the-last-line")


@pytest.mark.torture
@pytest.mark.fault("image that never gets healthy, on each replica")
def test_an_app_that_never_gets_healthy_is_taken_back(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text() + '\nCMD ["sh", "-c", "echo cannot-start >&2; sleep 300"]\n'
    )
    released.set_setting("healthy_within: 60", "healthy_within: 8")
    with untouched(released):
        done = released.cli("deploy")
    clear(done, 1, "did not become healthy", "cannot-start", "last probe")


@pytest.mark.fault("image that never gets healthy, on each replica")
def test_an_app_whose_own_check_fails_is_taken_back(released: StackUnderTest) -> None:
    """It answers well, but a while after the deploy the engine would call it unhealthy."""
    released.set_setting("healthy_within: 60", "healthy_within: 4")
    compose = released.folder / "docker-compose.prod.yml"
    check = 'test: ["CMD", "curl", "-fsS", "-m", "2", "http://127.0.0.1:80/api/health"]'
    text = compose.read_text()
    assert check in text
    compose.write_text(text.replace(check, check.replace('"curl"', '"false"')))
    with untouched(released):
        done = released.cli("deploy")
    clear(done, 1, "did not become healthy", "no replica was touched")


def test_an_app_that_ends_at_once_is_noticed_early(released: StackUnderTest) -> None:
    dockerfile = released.folder / SOURCES / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + '\nCMD ["sh", "-c", "echo bye; exit 3"]\n')
    released.set_setting("healthy_within: 60", "healthy_within: 300")
    started = time.monotonic()
    with untouched(released):
        done = released.cli("deploy")
    clear(done, 1, "did not become healthy", "bye")
    assert time.monotonic() - started < 300, "it did not wait for the whole time"


@pytest.mark.fault("wrong password")
def test_a_wrong_database_password_is_named(released: StackUnderTest) -> None:
    with untouched(released):
        done = released.cli("deploy", DB_ROOT_PASSWORD="wrong-p4ss")
    clear(done, 1, "password")
    assert "wrong-p4ss" not in done.stderr + done.stdout


def test_a_missing_secret_is_named(released: StackUnderTest) -> None:
    released.set_variable("DEVICE_TOKEN", "")
    done = released.cli("verify")
    assert done.code == 5
    assert "DEVICE_TOKEN" in done.stdout
    released.set_variable("APP_VERSION", "without-a-token")
    with untouched(released):
        clear(released.cli("deploy"), 2, "DEVICE_TOKEN is not set")


def test_an_unknown_backup_lists_the_candidates(released: StackUnderTest) -> None:
    with untouched(released):
        done = released.cli("rollback", "--to", "20010101-000000-abcd", "--yes")
    newest = next(b for b in released.open().catalogue.list() if b.is_good)
    clear(done, 2, "20010101-000000-abcd", newest.id)


def test_nobody_is_asked_in_a_pipe(released: StackUnderTest) -> None:
    clear(released.cli("rollback", "--to", "latest"), 2, "--yes")


@pytest.mark.fault("image of the backup is gone")
def test_a_rollback_whose_image_is_gone_stops_nothing(released: StackUnderTest) -> None:
    ctx = released.open()
    backup = ctx.catalogue.get("latest")
    path = backup.data.with_name(f"{backup.id}.json")
    kept = path.read_text()
    gone = "sha256:" + "0" * 64
    path.write_text(kept.replace(backup.manifest.images["cosmic-app-1"], gone))
    try:
        with untouched(released):
            done = released.cli("rollback", "--to", backup.id, "--yes")
        clear(done, 1, "image of", "is gone")
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
        clear(done, 1, "room")
        assert not list(small.glob("*.partial"))
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.fault("lock of a dead run")
def test_a_second_run_is_told_who_holds_the_lock_until_that_one_is_killed(
    released: StackUnderTest,
) -> None:
    released.set_variable("APP_VERSION", "5")
    known = len(steps_begun(released))
    first = released.start("deploy")
    wait_for_step(released, "backup", known)
    first.send_signal(signal.SIGSTOP)  # else it may be over before the second one asks
    second = released.cli("deploy")
    first.kill()
    first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL, "it was still at work"
    clear(second, 4, "`cosmicdeploy deploy` is at work", f"process {first.pid}", "since")
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
def test_an_interrupted_deploy_goes_back_and_frees_the_lock(
    released: StackUnderTest, number: signal.Signals
) -> None:
    released.set_variable("APP_VERSION", f"6-{number.name}")
    with untouched(released):
        known = len(steps_begun(released))
        process = released.start("deploy", "--json")
        wait_for_step(released, "restart", known)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=120)
        done = Done(process.returncode, out, err)
    assert done.code == 130, err
    assert done.report["outcome"] == "interrupted"
    assert done.outcomes["build"] == "undone"


def steps_begun(stack: StackUnderTest) -> list[str]:
    """The steps that ever began to change something, in order."""
    return [r["step"] for r in stack.open().journal.records() if r["kind"] == "intent"]


def wait_for_step(stack: StackUnderTest, step: str, known: int, seconds: float = 120) -> None:
    """Until a step begins to change something, `known` having begun before."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if step in steps_begun(stack)[known:]:
            return
        time.sleep(0.1)
    raise AssertionError(f"the run never came to {step}")


# The same in mid-roll, and what the next run then makes of it, is among the faults.
@pytest.mark.torture
@pytest.mark.fault("engine gone in mid-build")
def test_an_engine_that_goes_away_is_named(released: StackUnderTest, tmp_path: Path) -> None:
    released.set_variable("APP_VERSION", "7")
    with Relay(tmp_path / "engine.sock", Path("/var/run/docker.sock")) as relay:
        known = len(steps_begun(released))
        process = released.start("deploy", DOCKER_HOST=f"unix://{relay.path}")
        wait_for_step(released, "build", known)
    out, err = process.communicate(timeout=120)
    done = Done(process.returncode, out, err)
    assert done.code == 3, err
    assert "ngine" in err and "Traceback" not in err
    assert released.cli("deploy").code == 0, "the next run converges"


def test_secrets_are_nowhere(released: StackUnderTest) -> None:
    secrets = [
        released.open().loaded.secret(name)
        for name in ("DB_ROOT_PASSWORD", "DB_PASSWORD", "DEVICE_TOKEN")
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

"""The drain check: the script keeps the meaning of the own check, and adds the drain file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.creation.drain_check import DrainCheck, with_drain_check
from cosmicdeploy.engine.containers.differences import differences
from cosmicdeploy.stack.model import Healthcheck, Service

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


def service(check: Healthcheck | None = None) -> Service:
    return Service(name="web", container_name="web", image="shop/web", healthcheck=check)


def checked(drain: DrainCheck, check: Healthcheck | None = None, **image: Any) -> Healthcheck:
    found = with_drain_check(service(check), {"Healthcheck": image}, drain.label()).healthcheck
    assert found is not None
    return found


class Probe:
    """Runs the script of a check as the engine does.

    The own check passes while `fit` exists, and takes too long while `slow` exists; the process
    that hangs writes its number to `pid`.
    """

    def __init__(self, folder: Path, retries: int, interval: float = 2.0) -> None:
        self.file, self.fit, self.runs = folder / "drain", folder / "fit", folder / "runs"
        self.slow, self.pid = folder / "slow", folder / "pid"
        hang = f"test ! -e '{self.slow}' || sh -c 'echo $$ >\"{self.pid}\"; exec sleep 60'"
        own = f"echo run >>'{self.runs}'; {hang} || exit 1; test -e '{self.fit}'"
        test = ("CMD-SHELL", own)
        check = Healthcheck(test=test, interval=interval, timeout=1, retries=retries)
        self.check = checked(DrainCheck(file=str(self.file), port=80), check)

    def __call__(self) -> bool:
        _, script = self.check.test
        return (
            subprocess.run(["sh", "-c", script], check=False, capture_output=True).returncode == 0
        )


def test_a_container_without_the_label_keeps_its_check() -> None:
    assert with_drain_check(service(), {}, {}) == service()


def test_it_fails_at_once_while_the_drain_file_exists(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=3)
    probe.fit.touch()
    assert probe()
    probe.file.touch()
    assert not probe()
    probe.file.unlink()
    assert probe()
    assert probe.check.retries == 1


def test_a_container_that_has_never_been_healthy_is_checked_each_time(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=2, interval=30)
    assert not probe() and not probe() and not probe()
    probe.fit.touch()
    assert probe()
    assert len(probe.runs.read_text().splitlines()) == 4


def test_the_own_check_has_to_fail_as_often_as_before(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=3)
    probe.fit.touch()
    assert probe()
    probe.fit.unlink()
    assert [probe(), probe(), probe(), probe()] == [True, True, False, False]
    probe.fit.touch()
    assert probe()


def test_the_own_check_runs_as_rarely_as_before(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=3, interval=20)
    probe.fit.touch()
    assert probe.check.interval == 5
    assert all(probe() for _ in range(9))
    assert len(probe.runs.read_text().splitlines()) == 3


def test_a_check_that_takes_too_long_once_leaves_the_container_healthy(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=2)
    probe.fit.touch()
    assert probe()
    probe.slow.touch()
    started = time.monotonic()
    assert [probe(), probe()] == [True, False]
    assert 2 <= time.monotonic() - started < 20
    probe.slow.unlink()
    assert probe()


def test_the_drain_file_is_noticed_although_the_own_check_takes_too_long(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=3)
    probe.fit.touch()
    assert probe()
    probe.slow.touch()
    probe.file.touch()
    assert not probe()
    assert not probe.pid.exists()


def test_a_check_that_takes_too_long_leaves_no_process_behind(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=3)
    probe.slow.touch()
    assert not probe()
    assert not is_alive(int(probe.pid.read_text()))


def test_a_program_without_a_shell_is_ended_too(tmp_path: Path) -> None:
    own = Healthcheck(test=("CMD", "sleep", "60"), timeout=1)
    script = checked(DrainCheck(file=str(tmp_path / "d"), port=80), own).test[1]
    started = time.monotonic()
    result = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
    assert result.returncode == 1 and time.monotonic() - started < 20
    assert b"longer than 1 s" in result.stdout


def test_an_image_without_sleep_has_only_the_engines_timeout(tmp_path: Path) -> None:
    own = Healthcheck(test=("CMD-SHELL", ":"))
    script = checked(DrainCheck(file=str(tmp_path / "d"), port=80), own).test[1]
    env = {"PATH": str(tmp_path)}
    assert subprocess.run(["/bin/sh", "-c", script], check=False, env=env).returncode == 0


@pytest.mark.parametrize(("own", "engines"), [(None, 60), (2.5, 33)])
def test_the_engine_waits_longer_than_the_own_check_may_take(
    own: float | None, engines: float
) -> None:
    found = checked(DrainCheck(file="/d", port=80), Healthcheck(test=("CMD", "true"), timeout=own))
    assert found.timeout == engines
    assert f"sleep {engines - 30:.0f} &" in found.test[1]


def test_a_damaged_state_counts_as_never_healthy(tmp_path: Path) -> None:
    probe = Probe(tmp_path, retries=3)
    probe.fit.touch()
    (tmp_path / "drain.state").write_text("\n")
    assert probe()


def test_a_container_that_starts_gets_as_long_as_before() -> None:
    check = Healthcheck(test=("CMD", "true"), interval=10, timeout=3, retries=4, start_period=7)
    assert checked(DrainCheck(file="/d", port=80), check).start_period == 7 + 4 * (10 + 3)


def test_the_check_of_the_image_applies_where_none_is_declared() -> None:
    image = {"Test": ["CMD", "my check", "$x"], "Interval": 2 * SECOND, "Retries": 5}
    found = checked(DrainCheck(file="/d", port=80), None, **image)
    assert found.interval == 2 and "'my check' '$x'" in found.test[1] and "-lt 5" in found.test[1]


@pytest.mark.parametrize("own", [None, Healthcheck(test=("NONE",))])
def test_without_a_check_the_port_decides(tmp_path: Path, own: Healthcheck | None) -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        script = checked(DrainCheck(file=str(tmp_path / "d"), port=port), own).test[1]
        closed = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
        listener.listen()
        listening = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
    assert (closed.returncode, listening.returncode) == (1, 0)


def test_a_container_with_the_check_is_as_its_definition_says() -> None:
    declared = service(Healthcheck(test=("CMD", "true"), interval=2))
    drain = DrainCheck(file="/dev/shm/d", port=80)
    created = with_drain_check(declared, {}, drain.label()).healthcheck
    assert created is not None
    container = inspected(created, drain.label())
    assert differences(declared, container, {}) == []
    changed = service(Healthcheck(test=("CMD", "false"), interval=2))
    assert [each.key for each in differences(changed, container, {})] == ["healthcheck.test"]
    without = inspected(created, {})
    assert "healthcheck.test" in [each.key for each in differences(declared, without, {})]


def inspected(check: Healthcheck, own_labels: dict[str, str]) -> dict[str, Any]:
    body = {
        "Test": list(check.test),
        "Interval": round((check.interval or 0) * SECOND),
        "Timeout": round((check.timeout or 0) * SECOND),
        "StartPeriod": round((check.start_period or 0) * SECOND),
        "Retries": check.retries,
    }
    config = {"Image": "shop/web", "Labels": {labels.PROJECT: "p", **own_labels}}
    return {
        "Id": "0" * 64,
        "Config": {**config, "Healthcheck": body},
        "HostConfig": {},
        "NetworkSettings": {"Networks": {}},
    }


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

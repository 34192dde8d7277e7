"""Stop signals are tried on a container that can reach nothing, and is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container, Image
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.doctor.checks.requests import stop_trial
from cosmicdeploy.operations.doctor.checks.requests.stop_signals import _last_program, stop_signals
from cosmicdeploy.operations.doctor.checks.requests.stop_trial import alone
from cosmicdeploy.operations.doctor.outcome import Outcome, Verdict
from cosmicdeploy.stack.model import Attachment, Mount, Port, Service
from tests.unit.operations.doctor.world import COMPOSE, NGINX, SETTINGS, Program, World, opened, run

pytestmark = pytest.mark.unit
IMAGE = {"shop/app": Image(id="sha256:1")}
Try = Callable[..., Outcome]


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Return a function that tries the programs `serve` and `work` of a world."""
    monkeypatch.setattr(stop_trial, "STARTS_WITHIN_SECONDS", 0.0)

    def run_check(world: World, **files: str) -> Outcome:
        outcome = stop_signals(opened(tmp_path, world, **files))
        assert sorted(world.discarded) == sorted(world.created), "every container is removed"
        return outcome

    return run_check


def test_programs_that_end_by_their_signal_hold(tried: Try) -> None:
    world = World(images=dict(IMAGE))
    outcome = tried(world)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.found == (
        "app-1, app-2: handled on a container of its own; worker: handled on a container of its own"
    )
    assert len(world.created) == 2, "replicas with the same program share a trial"


def test_a_program_that_is_killed_loses_requests_and_a_worker_its_job(tried: Try) -> None:
    ignoring = Program(handles=False, ends=False)
    world = World(images=dict(IMAGE), programs={"serve": ignoring, "work": ignoring})
    requests, job = tried(world).flaws
    assert (requests.stake, job.stake) == ("requests", "jobs")
    assert requests.why == (
        "app of app-1 ignores SIGTERM, and was killed after 10 s (tried on a container of its own)"
    )
    assert "proxy.out_of_service" in requests.todo


def test_a_shell_that_runs_the_program_has_to_give_its_place_to_it(tried: Try) -> None:
    command = ("/bin/sh", "-c", "gunicorn --token a-word")
    shell = Program(handles=False, ends=False, words=command)
    [flaw] = tried(World(images=dict(IMAGE), programs={"serve": shell})).flaws
    assert "write `exec gunicorn …` in place of `gunicorn …`" in flaw.todo
    assert "a-word" not in str(flaw)


def test_a_shell_that_runs_several_commands_is_certain_once_it_runs(
    tried: Try, tmp_path: Path
) -> None:
    """Without its networks it may never come to the last command."""
    command = ("/bin/sh", "-c", "migrate && gunicorn shop")
    shell = Program(handles=False, ends=False, words=command)
    world = World(images=dict(IMAGE), programs={"serve": shell})
    assert "may wait for another service" in tried(world).unchecked[0].why
    run(world, "app-1", tmp_path)
    world.commands[("shop-app-1-1", "cat")] = "Name:\tsh\nSigBlk:\t0\nSigCgt:\t0\n"
    [flaw] = tried(world).flaws
    assert "write `exec gunicorn …`" in flaw.todo


def test_an_entrypoint_that_may_wait_for_the_database_proves_nothing(tried: Try) -> None:
    command = ("/bin/sh", "/entrypoint.sh", "serve")
    waiting = Program(handles=False, ends=False, words=command)
    outcome = tried(World(images=dict(IMAGE), programs={"serve": waiting}))
    assert not outcome.flaws
    assert "its first process is still sh" in outcome.unchecked[0].why


def test_a_running_container_counts_where_the_trial_could_not_start(
    tried: Try, tmp_path: Path
) -> None:
    world = World(images=dict(IMAGE), programs={"serve": Program(ended=1)})
    outcome = tried(world)
    assert "ended by itself with exit code 1" in outcome.unchecked[0].why
    run(world, "app-2", tmp_path)
    world.commands[("shop-app-2-1", "cat")] = "Name:\tapp\nSigBlk:\t0\nSigCgt:\t4000\n"
    assert "app-1, app-2: handled in its running container" in tried(world).found
    world.commands[("shop-app-2-1", "cat")] = "Name:\tapp\nSigBlk:\t0\nSigCgt:\t0\n"
    [flaw] = tried(world).flaws
    assert flaw.why == "app-1 ignores its stop signal in its running container"


def test_a_handler_that_does_not_end_the_program_within_its_grace_period_is_told(
    tried: Try,
) -> None:
    """PHP's command line seems to handle the signal, and only repeats the kernel's default."""
    stubborn = Program(handles=True, ends=False)
    world = World(images=dict(IMAGE), programs={"serve": stubborn})
    [flaw] = tried(world).flaws
    assert "does not end by SIGTERM" in flaw.why
    longer = COMPOSE.replace("command: [serve]", "command: [serve]\n    stop_grace_period: 2m")
    outcome = tried(World(images=dict(IMAGE), programs={"serve": stubborn}), compose=longer)
    assert not outcome.flaws and "after 10 s of its grace period of 120 s" in str(outcome)


def test_a_replica_that_nginx_drains_and_a_job_between_two_jobs_lose_nothing(tried: Try) -> None:
    ignoring = Program(handles=False, ends=False)
    world = World(images=dict(IMAGE), programs={"serve": ignoring, "work": ignoring})
    settings = SETTINGS + "proxy: {out_of_service: '/run/out/{service}'}\n"
    settings += "restart: {between_jobs: [worker]}\n"
    drained = NGINX.replace("location", "if (-f /run/out/app-1) { set $pool b; }\n    location")
    outcome = tried(world, cosmicdeploy=settings, nginx=drained)
    assert [each.stake for each in outcome.flaws] == ["time"]
    assert "stopped between two jobs" in outcome.found
    outcome = tried(world, cosmicdeploy=settings)
    assert [each.stake for each in outcome.flaws] == ["requests"], "nginx looks for no file"


def test_a_program_behind_an_init_that_ends_it_at_once_loses_requests_too(tried: Try) -> None:
    dying = Program(handles=False, code=143, words=("/sbin/docker-init", "--", "serve"))
    [flaw] = tried(World(images=dict(IMAGE), programs={"serve": dying})).flaws
    assert flaw.why.startswith("docker-init of app-1 passes SIGTERM to a program that does not")
    waiting = Program(handles=False, code=0)
    assert not tried(World(images=dict(IMAGE), programs={"serve": waiting})).flaws, "sigtimedwait"


def test_without_the_image_nothing_is_created(tried: Try) -> None:
    world = World()
    outcome = tried(world)
    assert not world.created
    assert outcome.unchecked[0].why == "app-1, app-2: the engine does not have the image"


def test_a_trial_whose_container_another_command_removes_says_so(tried: Try) -> None:
    class Removing(World):
        def container(self, reference: str) -> Container | None:
            return None if reference in self.created else super().container(reference)

    outcome = tried(Removing(images=dict(IMAGE)))
    assert "Another command has removed" in outcome.unchecked[0].why


def test_the_container_of_its_own_can_reach_and_change_nothing() -> None:
    given = Service(
        name="web",
        container_name="web",
        image="web",
        environment={"A": "b", "VIRTUAL_HOST": "shop.example"},
        ports=(Port(target=80),),
        mounts=(Mount(type="bind", source="/", target="/host"),),
        volumes_from=("db",),
        networks=(Attachment(network="net"),),
        network_mode="host",
        privileged=True,
        pid="host",
        ipc="host",
        uts="host",
        userns_mode="host",
        cap_add=("ALL",),
        security_opt=("seccomp=unconfined",),
        labels={"traefik.enable": "true"},
        restart="always",
        cgroup_parent="/",
        runtime="other",
        sysctls={"a": "b"},
        group_add=("docker",),
    )
    own = alone(given)
    assert own.network_mode == "none" and own.restart == "no"
    assert own.environment == {"A": "b"}, "no proxy takes it for a server"
    allowed = {
        *("name", "container_name", "image", "platform", "command", "entrypoint", "environment"),
        *("copied_files", "user", "working_dir", "init", "tty", "stdin_open", "stop_signal"),
        *("cap_drop", "mem_limit", "pids_limit", "healthcheck", "network_mode", "cpu_shares"),
    }
    plain = Service(name="web", container_name="web", image="web")
    changed = {f.name for f in fields(Service) if getattr(own, f.name) != getattr(plain, f.name)}
    assert changed <= allowed
    assert alone(replace(given, network_mode=None)) == own


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("gunicorn shop", "gunicorn"),
        ("migrate && /app/serve --port 80", "/app/serve"),
        ("exec gunicorn shop", ""),
        ("serve; true", ""),
        ("serve | tee log", ""),
        ("TOKEN=a-word serve", ""),
        ("", ""),
    ],
)
def test_exec_is_advised_only_where_it_helps(line: str, program: str) -> None:
    assert _last_program(("/bin/sh", "-c", line)) == program
    assert _last_program(("/entrypoint.sh", "serve")) == ""


def test_a_container_that_could_not_be_created_whole_is_removed(tried: Try) -> None:
    """Files are copied into it after its creation."""
    world, create = World(images=dict(IMAGE)), World.create

    def fail(service: Service, **given: Any) -> str:
        create(world, service, **given)
        raise EngineError("Copying a file failed")

    world.create = fail  # type: ignore[method-assign]
    outcome = tried(world)
    assert outcome.verdict is Verdict.NOT_CHECKED and world.created

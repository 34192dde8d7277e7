"""The engine, its builder, disks, clocks, and what a deploy would be refused for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.docker_engine.info import parse_info
from cosmicdeploy.engine.unreachable.stand_in import unreachable_engine
from cosmicdeploy.errors import EngineError, EngineUnavailable, Refused
from cosmicdeploy.operations.doctor.checks.host.builder import builder
from cosmicdeploy.operations.doctor.checks.host.clock import clock
from cosmicdeploy.operations.doctor.checks.host.disk import disk
from cosmicdeploy.operations.doctor.checks.host.engine import engine
from cosmicdeploy.operations.doctor.checks.host.settings import settings
from cosmicdeploy.operations.doctor.outcome import Verdict
from tests.unit.operations.doctor.world import COMPOSE, INFO, SETTINGS, World, opened

pytestmark = pytest.mark.unit
NO_RIGHTS = EngineUnavailable(
    "No permission to talk to the Docker Engine",
    where="unix:///var/run/docker.sock",
    todo="run as root, or as a member of the docker group",
)


def without_engine(folder: Path) -> Context:
    return replace(opened(folder, World()), engine=unreachable_engine(NO_RIGHTS))


def test_an_engine_that_this_user_may_not_use_is_a_flaw_with_the_remedy(tmp_path: Path) -> None:
    [flaw] = engine(without_engine(tmp_path)).flaws
    assert flaw.stake == "deploy" and flaw.fails
    assert flaw.why == "No permission to talk to the Docker Engine (unix:///var/run/docker.sock)"
    assert "docker group" in flaw.todo


def test_a_proxy_in_front_of_the_engine_that_forbids_requests_is_a_flaw(tmp_path: Path) -> None:
    forbidden = EngineError("Asking for the engine's version failed: 403 Forbidden")
    ctx = replace(opened(tmp_path, World()), engine=unreachable_engine(forbidden))
    assert "403 Forbidden" in engine(ctx).flaws[0].why


def test_keys_that_the_engine_is_too_old_for_are_named(tmp_path: Path) -> None:
    assert engine(opened(tmp_path, World())).found.startswith("Docker Engine 26.1.5 on prod")
    old = World(unsupported=Refused("start_interval needs Engine 25", where="web", todo="update"))
    flaws = engine(opened(tmp_path, old)).flaws
    assert {each.why for each in flaws} == {"start_interval needs Engine 25 (web)"}


@pytest.mark.parametrize(
    ("changes", "host"),
    [
        ({"hides_containers": True}, "127.0.0.1"),
        ({"is_local": False, "address": "ssh://prod"}, "ADDRESS-OF-THAT-HOST"),
    ],
)
def test_an_engine_that_hides_its_containers_needs_published_ports(
    tmp_path: Path, changes: dict[str, bool | str], host: str
) -> None:
    world = World(system=replace(INFO, **changes))  # type: ignore[arg-type]
    [flaw] = engine(opened(tmp_path, world)).flaws
    assert "app-1, app-2, db do not publish theirs" in flaw.why
    assert f'db: {{ports: ["{host}::3306"]}}' in flaw.lines
    published = COMPOSE.replace('expose: ["8000"]', 'ports: ["8000"]').replace(
        "image: mariadb", 'image: mariadb, ports: ["3306"]'
    )
    assert not engine(opened(tmp_path, world, compose=published)).flaws


@pytest.mark.parametrize(
    ("info", "is_local", "hides"),
    [
        ({}, True, False),
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, True, True),
        ({"OperatingSystem": "Docker Desktop"}, True, True),
    ],
)
def test_what_the_engine_says_about_its_host_is_read(
    info: dict[str, object], is_local: bool, hides: bool
) -> None:
    version, local = {"Version": "26.1.5"}, "http+docker://localhost"
    parsed = parse_info(version, {"Name": "prod", **info}, local)
    assert (parsed.is_local, parsed.hides_containers) == (is_local, hides)
    assert parsed.time is None
    at = {"Name": "prod", "SystemTime": "2026-01-01T00:00:00.5Z"}
    assert parse_info(version, at, local).time == pytest.approx(1767225600.5)
    assert not parse_info(version, at, "tcp://10.0.0.1:2376").is_local
    assert parse_info(version, at, "https://127.0.0.1:2376").is_local
    assert not parse_info(version, at, "http+docker://ssh").is_local, "of any ssh:// address"
    odd = {"Name": "prod", "SystemTime": "yesterdayZ"}
    assert parse_info(version, odd, local).time is None


def test_each_build_has_a_builder_or_a_reason_why_not(tmp_path: Path) -> None:
    assert builder(opened(tmp_path, World())).found == "BuildKit builds shop/app"
    broken = World(
        unbuildable=Refused("build.secrets needs docker buildx", where="x", todo="install it")
    )
    [flaw] = builder(opened(tmp_path, broken)).flaws
    assert flaw.why == "build.secrets needs docker buildx (x)" and flaw.todo == "install it"
    pulled = COMPOSE.replace("    build: .\n", "").replace(" build: .,", "")
    assert builder(opened(tmp_path, broken, compose=pulled)).found == "no image is built"


@pytest.mark.parametrize(("ahead", "verdict"), [(0.0, Verdict.HOLDS), (-90.0, Verdict.LOSES)])
def test_the_clock_is_compared_before_any_container_runs(
    tmp_path: Path, ahead: float, verdict: Verdict
) -> None:
    outcome = clock(opened(tmp_path, World(clock_ahead=ahead)))
    assert outcome.verdict is verdict
    if ahead:
        assert "the engine's host is 90 s behind this machine's" in outcome.flaws[0].why


def test_the_disk_of_the_images_is_measured_before_any_container_runs(tmp_path: Path) -> None:
    outcome = disk(opened(tmp_path, World()))
    assert "/, for images:" in outcome.found and not outcome.unchecked
    full = SETTINGS + "diagnose: {disk: 0.000001}\n"
    flaws = disk(opened(tmp_path, World(), cosmicdeploy=full)).flaws
    assert {each.stake for each in flaws} == {"data"}
    elsewhere = World(system=replace(INFO, is_local=False, root_folder="/var/lib/docker"))
    for hidden in (elsewhere, World(system=replace(INFO, root_folder="/no such folder"))):
        [unchecked] = disk(opened(tmp_path, hidden)).unchecked
        assert "not on this machine" in unchecked.why
    [unknown] = disk(opened(tmp_path, World(system=replace(INFO, root_folder="")))).unchecked
    assert unknown.todo == "run `df -h` on the engine's host"
    assert "`df -h '/no such folder'`" in unchecked.todo


def test_without_an_engine_the_deployers_own_folders_are_still_checked(tmp_path: Path) -> None:
    outcome = disk(without_engine(tmp_path))
    assert "the deployer can write backups and the journal" in outcome.found
    assert outcome.verdict is Verdict.NOT_CHECKED


def test_a_refusal_of_the_deploy_is_named_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(opened(tmp_path, World())).verdict is Verdict.HOLDS
    module = "cosmicdeploy.operations.doctor.checks.host.settings"

    def refuse(*_: object) -> None:
        raise Refused("Several containers of db run", where="project shop", todo="stop one")

    def fail(*_: object) -> None:
        raise EngineError("The engine is slow")

    monkeypatch.setattr(f"{module}.resolve_containers", refuse)
    monkeypatch.setattr(f"{module}.second_schedulers", fail)
    outcome = settings(opened(tmp_path, World()))
    assert [each.why for each in outcome.flaws] == ["Several containers of db run (project shop)"]
    assert [each.why for each in outcome.unchecked] == ["The engine is slow"]

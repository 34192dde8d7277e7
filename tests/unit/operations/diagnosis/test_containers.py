"""Paused containers and networks: what `diagnose` says, and that its advice fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError, ProbeFailed
from cosmicdeploy.operations.diagnosis.checks.health.networks import networks
from cosmicdeploy.operations.diagnosis.checks.health.unhealthy import containers
from cosmicdeploy.operations.diagnosis.checks.scheduler import container
from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS, diagnose_all
from cosmicdeploy.operations.diagnosis.finding import Severity
from cosmicdeploy.stack.model import Attachment
from cosmicdeploy.steps.health import require_cache
from cosmicdeploy.verification.points import run_check
from tests.unit.operations.diagnosis.world import (
    APPS,
    DATABASE,
    IMAGE,
    NETWORK,
    REDIS,
    SCHEDULER,
    WITH_DATABASE,
    World,
    container_of,
    context_of,
)
from tests.unit.operations.diagnosis.world import new_world as sound

Opened = Callable[[World], Context]
UP = "cosmicdeploy up"


def paused(*names: str) -> World:
    world = sound()
    for name in names:
        world.change(name, status="paused", health="")
    return world


def test_a_paused_container_continues_by_up_as_does_its_fix(opened: Opened) -> None:
    world = paused(*APPS)
    world.change(REDIS, status="exited", exit_code=1)
    first, second, third, _ = containers(opened(world))
    assert first.description == "redis is exited (exit code 1)"
    assert (second.description, second.todo) == ("app-1 is paused", UP)
    text = "start redis; let app-1, app-2 continue (`docker unpause`)"
    assert {each.remedies[0].description for each in (first, second, third)} == {text}
    assert second.remedies[0].command == "up"


def test_a_paused_scheduler_is_called_paused_and_started(opened: Opened) -> None:
    [finding] = container(opened(paused(SCHEDULER)))
    assert (finding.description, finding.todo) == (f"{SCHEDULER} is paused", UP)
    assert [each.command for each in finding.remedies] == ["up"]


def test_an_error_about_a_paused_container_advises_up(opened: Opened) -> None:
    with pytest.raises(EngineError) as caught:
        opened(paused(REDIS)).running(REDIS)
    assert caught.value.what == "The container of redis is paused"
    assert "`cosmicdeploy up`, which lets it continue" in caught.value.todo


@pytest.mark.parametrize("status", ["paused", "exited"])
def test_the_verification_advises_up_for_what_up_starts(opened: Opened, status: str) -> None:
    world = sound()
    world.change(APPS[0], status=status, health="")
    assert "`cosmicdeploy up`" in run_check(opened(world), "containers").todo
    world.change(APPS[1], health="unhealthy")
    assert "`cosmicdeploy status`" in run_check(opened(world), "containers").todo


def test_every_error_about_paused_replicas_and_a_paused_cache_advises_up(opened: Opened) -> None:
    ctx = opened(paused(*APPS, REDIS))
    result = run_check(ctx, "health")
    assert "app-1: The container of app-1 is paused" in result.found
    with pytest.raises(ProbeFailed) as caught:
        require_cache(ctx, REDIS)
    assert caught.value.what == "The cache does not answer: The container of redis is paused"
    for todo in (caught.value.todo, result.todo, run_check(ctx, "containers").todo):
        assert "`cosmicdeploy up`" in todo


def test_every_check_of_a_paused_database_advises_up(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sound()
    world.containers[DATABASE] = replace(container_of(DATABASE, 9), status="paused")
    opened = context_of(ctx, tmp_path, monkeypatch, WITH_DATABASE)
    diagnoses = diagnose_all(opened(world), KNOWN_PROBLEMS.values())
    failing = [f for each in diagnoses for f in each.findings if not f.passes]
    assert {f.severity for f in failing} == {Severity.PROBLEM, Severity.UNKNOWN}
    assert [f for f in failing if "cosmicdeploy up" not in f.todo] == []


def test_a_replica_off_its_network_is_replaced(opened: Opened) -> None:
    world = sound()
    world.change(APPS[0], networks=(), addresses={})
    broken, fine = networks(opened(world))
    assert broken.description == f"app-1 is not on the network {NETWORK}"
    assert "replace the containers of app-1" in broken.remedies[0].description
    assert fine.severity is Severity.OK and "app-1" not in fine.description


def test_a_replica_of_another_image_is_connected_not_replaced(opened: Opened) -> None:
    world = sound()
    world.change(APPS[0], networks=(), image_id=f"{IMAGE}0")
    broken, _ = networks(opened(world))
    assert not broken.remedies
    assert broken.todo == f"docker network connect --alias app-1 {NETWORK} app-1"


def test_infrastructure_is_connected_with_its_aliases_and_its_address(opened: Opened) -> None:
    world = sound()
    world.change(REDIS, networks=(), addresses={})
    ctx = opened(world)
    attachment = Attachment(network=NETWORK, aliases=("cache",), ipv4_address="10.0.0.9")
    services = {**ctx.stack.services}
    services[REDIS] = replace(services[REDIS], networks=(attachment,))
    ctx.stack.services = services  # type: ignore[misc]
    broken, _ = networks(ctx)
    options = "--alias redis --alias cache --ip 10.0.0.9"
    assert broken.todo == f"docker network connect {options} {NETWORK} redis"
    world.change(REDIS, networks=(NETWORK,), addresses={NETWORK: "10.0.0.1"})
    moved, _ = networks(ctx)
    assert "has the address 10.0.0.1 in shop_back, not 10.0.0.9" in moved.description
    assert moved.todo.startswith(f"docker network disconnect {NETWORK} redis && docker network")


def test_a_network_without_ipv4_addresses_is_no_lost_network(opened: Opened) -> None:
    world = sound()
    world.change(APPS[0], addresses={})
    [fine] = networks(opened(world))
    assert fine.severity is Severity.OK

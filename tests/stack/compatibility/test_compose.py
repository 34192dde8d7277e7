"""Docker Compose used alongside cosmicdeploy, as docs/compose.md describes."""

from __future__ import annotations

import pytest

from tests.stack.support.harness import COMPOSE_V2, StackUnderTest

pytestmark = pytest.mark.stack

V1, V2 = "docker-compose", str(COMPOSE_V2)
WORKER = "cosmic-queue-1"


def compose(stack: StackUnderTest, program: str, *words: str) -> str:
    # With fewer columns, names are cut.
    return stack.compose(*words, program=program, COLUMNS="200")


def ids(stack: StackUnderTest) -> dict[str, str]:
    return {name: container.id for name, container in stack.containers().items()}


def recreate(stack: StackUnderTest, name: str, **environ: str) -> str:
    """Remove a container and create it with `up`; return its id."""
    ctx = stack.open()
    ctx.engine.remove(ctx.running(name).id)
    done = stack.cli("up", "--json", **environ)
    assert done.code == 0, done.stderr
    return ids(stack)[name]


@pytest.mark.parametrize("program", [V1, V2])
def test_both_versions_see_the_containers(released: StackUnderTest, program: str) -> None:
    shown = compose(released, program, "ps")
    assert all(container.name in shown for container in released.containers().values())
    assert "Uvicorn" in compose(released, program, "logs", "cosmic-app-1")
    listed = compose(released, program, "exec", "-T", "cosmic-app-1", "console", "list")
    assert "migrate:status" in listed
    compose(released, program, "restart", WORKER)
    assert released.cli("step", "health").code == 0


def test_up_of_v2_does_nothing_after_a_deploy(released: StackUnderTest) -> None:
    before = ids(released)
    compose(released, V2, "up", "-d")
    assert ids(released) == before


def test_up_of_1_29_recreates_a_container_for_v2_and_the_deployer_keeps_it(
    released: StackUnderTest,
) -> None:
    before = ids(released)
    compose(released, V1, "up", "-d", "--no-deps", WORKER)
    after = ids(released)
    assert {name for name in after if after[name] != before[name]} == {WORKER}
    assert released.cli("step", "health").code == 0
    assert released.cli("step", "rollout", "--json").outcomes == {"rollout": "unchanged"}
    assert ids(released) == after
    recreate(released, WORKER)  # other tests compare the labels that v2 gives


@pytest.mark.torture
def test_up_of_1_29_does_nothing_if_v2_is_not_installed(released: StackUnderTest) -> None:
    created = recreate(released, WORKER, DOCKER_CONFIG="/nonexistent")
    compose(released, V1, "up", "-d", "--no-deps", WORKER)
    assert ids(released)[WORKER] == created
    recreate(released, WORKER)
    test_up_of_v2_does_nothing_after_a_deploy(released)

"""What docs/compose.md says of Docker Compose beside us."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.stack.support.harness import COMPOSE_V2, StackUnderTest

pytestmark = pytest.mark.stack

V1, V2 = "docker-compose", str(COMPOSE_V2)
WORKER = "cosmic-queue-1"


def compose(stack: StackUnderTest, program: str, *words: str) -> str:
    done = subprocess.run(
        [program, "-f", "docker-compose.prod.yml", *words],
        cwd=stack.folder,
        env={**os.environ, "COLUMNS": "200"},  # narrower, and names are cut
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ids(stack: StackUnderTest) -> dict[str, str]:
    return {name: container.id for name, container in stack.containers().items()}


def make_anew(stack: StackUnderTest, name: str, **environ: str) -> str:
    """The container removed and made by `up`; its id."""
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
    said = compose(released, program, "exec", "-T", "cosmic-app-1", "console", "list")
    assert "migrate:status" in said
    compose(released, program, "restart", WORKER)
    assert released.cli("step", "health").code == 0


def test_up_of_v2_does_nothing_after_a_deploy(released: StackUnderTest) -> None:
    before = ids(released)
    compose(released, V2, "up", "-d")
    assert ids(released) == before


def test_up_of_1_29_makes_anew_what_was_made_for_v2_and_we_leave_it(
    released: StackUnderTest,
) -> None:
    before = ids(released)
    compose(released, V1, "up", "-d", "--no-deps", WORKER)
    after = ids(released)
    assert {name for name in after if after[name] != before[name]} == {WORKER}
    assert released.cli("step", "health").code == 0
    assert released.cli("step", "rollout", "--json").outcomes == {"rollout": "unchanged"}
    assert ids(released) == after


def test_where_only_1_29_is_there_its_up_does_nothing(released: StackUnderTest) -> None:
    made = make_anew(released, WORKER, DOCKER_CONFIG="/nonexistent")
    compose(released, V1, "up", "-d", "--no-deps", WORKER)
    assert ids(released)[WORKER] == made
    make_anew(released, WORKER)
    test_up_of_v2_does_nothing_after_a_deploy(released)

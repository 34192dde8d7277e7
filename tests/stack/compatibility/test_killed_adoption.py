"""kill -9 in the first deploy of a stack that docker-compose 1.29.2 created."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator

import pytest

from tests.stack.stacks.databases import run
from tests.stack.stacks.unnamed import UnnamedStack, unnamed_stack

pytestmark = [pytest.mark.stack, pytest.mark.torture]

# The journal record after which the deploy is killed, as `processes.killed` takes it.
PLACES = ("1", "done:backup", "done:build", "intent:rollout", "done:rollout")


@pytest.fixture
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnnamedStack]:
    folder = tmp_path_factory.mktemp("unnamed") / f"cosmic-{secrets.token_hex(3)}"
    with unnamed_stack(folder) as stack:
        yield stack


@pytest.mark.fault("kill -9 in the first deploy of a stack of docker-compose 1.29.2")
@pytest.mark.parametrize("place", PLACES)
def test_a_killed_first_deploy_is_undone_and_then_finished(up: UnnamedStack, place: str) -> None:
    before = up.container_ids()
    assert up.cli("status").code == 0
    _kill(up, place)
    undone = up.cli("deploy", "--abort", "--json")
    assert undone.code == 0, undone.stderr
    assert up.container_ids() == before
    _kill(up, place)
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    after = up.container_ids()
    assert after.keys() == before.keys(), "each container has the name that 1.29.2 gave"
    replaced = {name for name in after if after[name] != before[name]}
    assert replaced == {f"{up.project}_{name}_1" for name in ("app", "mailer", "migrate")}
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"
    assert up.cli("status").code == 0
    assert run(up.open().database(), "SHOW TABLES LIKE 'notes'", schema="notes")


def _kill(stack: UnnamedStack, place: str) -> None:
    """Deploy release 2, and kill the deploy at this place."""
    stack.write(release="2", seconds=601)
    process = stack.start(place, "deploy", module="tests.stack.support.processes.killed")
    output = process.communicate(timeout=120)
    assert process.wait() == -signal.SIGKILL, output

"""Somebody runs Compose or Docker by hand beside a deploy that was killed: there is one way out."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.stack.release.test_faults import wait_for_record
from tests.stack.strangers.test_compose import V1, V2, compose
from tests.stack.support.harness import RELEASED, Done, StackUnderTest
from tests.stack.support.promises import require_backups_intact, require_whole

pytestmark = pytest.mark.stack

SET_ASIDE = "-before-"


def kill_in_mid_rollout(stack: StackUnderTest) -> None:
    """The first replica is replaced, and the second one about to be."""
    stack.set_variable("APP_VERSION", "killed")
    known = len(list(stack.open().journal.records()))
    process = stack.start("deploy")
    wait_for_record(stack, known, "intent", "restart")
    wait_for_container(stack, re.compile(rf"cosmic-app-2.*{SET_ASIDE}"))
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, "it was still at work"


def wait_for_container(stack: StackUnderTest, name: re.Pattern[str]) -> str:
    """Until the project has a container of such a name; its id."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ctx = stack.open()
        for container in ctx.engine.containers(ctx.stack.project):
            if name.match(container.name):
                return container.id
        time.sleep(0.05)
    raise AssertionError(f"no container {name.pattern} came")


def up(stack: StackUnderTest, program: str, *words: str) -> None:
    """It may fail on the names of containers that are set aside, half-way."""
    with suppress(AssertionError):
        compose(stack, program, "up", "-d", *words)


def up_by_1_29(stack: StackUnderTest) -> None:
    up(stack, V1)


def up_by_v2(stack: StackUnderTest) -> None:
    up(stack, V2)


def recreated_by_1_29(stack: StackUnderTest) -> None:
    up(stack, V1, "--force-recreate")


def superseded_removed(stack: StackUnderTest) -> None:
    name = re.compile(rf"cosmic-app-1.*{SET_ASIDE}")
    stack.open().engine.remove(wait_for_container(stack, name))


def candidate_removed(stack: StackUnderTest) -> None:
    ctx = stack.open()
    ctx.engine.remove(ctx.running("cosmic-app-1").id)


def restarted(stack: StackUnderTest) -> None:
    for name in RELEASED:
        ctx = stack.open()
        if container := ctx.container(name):
            ctx.engine.stop(container.id, 10)
            ctx.engine.start(container.id)


def remove_what_status_names(stack: StackUnderTest) -> None:
    """What Compose left half-way is not this tool's to remove: `status` says how."""
    ctx = stack.open()
    for row in stack.cli("status", "--json").report["data"]:
        if found := re.search(r"`docker rm -f (\S+)`", row.get("todo", "")):
            container = ctx.engine.container(found[1])
            assert container is not None and not container.is_running, row
            ctx.engine.remove(container.id)


@pytest.mark.fault("deploy killed in mid-rollout, then Compose or Docker by hand")
def test_what_runs_is_taken_as_the_present_state_where_the_way_back_is_gone(
    released: StackUnderTest,
) -> None:
    kill_in_mid_rollout(released)
    superseded_removed(released)
    require_accepted(released, released.cli("deploy", "--abort"))
    require_on(released, "accepted")


@pytest.mark.torture
@pytest.mark.fault("deploy killed in mid-rollout, then Compose or Docker by hand")
@pytest.mark.parametrize(
    "by_hand", [up_by_1_29, up_by_v2, recreated_by_1_29, candidate_removed, restarted]
)
def test_whatever_was_done_by_hand_there_is_a_way_out(
    released: StackUnderTest, by_hand: Callable[[StackUnderTest], None]
) -> None:
    kill_in_mid_rollout(released)
    by_hand(released)
    ended = released.cli("deploy", "--abort")
    if ended.code:
        require_accepted(released, ended)
    require_on(released, by_hand.__name__)


@pytest.mark.torture
@pytest.mark.fault("deploy killed in mid-rollout, then Compose or Docker by hand")
def test_a_deploy_whose_way_back_is_gone_is_finished_by_the_next(released: StackUnderTest) -> None:
    kill_in_mid_rollout(released)
    superseded_removed(released)
    [*_, told] = released.cli("status", "--json").report["unfinished"]
    assert told["todo"].startswith("`cosmicdeploy deploy` finishes it"), told
    done = released.cli("deploy", "--json")
    assert (done.code, done.report["release"]) == (0, "killed"), done.stderr
    require_on(released, "finished")


def require_accepted(stack: StackUnderTest, refused: Done) -> None:
    """The abort was refused, and names what takes the present state as it is; that works."""
    assert (refused.code, "deploy --abort --accept" in refused.stderr) == (3, True), refused.stderr
    [*_, told] = stack.cli("status", "--json").report["unfinished"]
    assert "`cosmicdeploy deploy --abort --accept`" in told["todo"]
    assert stack.cli("deploy", "--abort", "--accept").code == 2, "nobody was asked"
    accepted = stack.cli("deploy", "--abort", "--accept", "--yes", "--json")
    assert accepted.code == 0, accepted.stderr
    assert {row["service"] for row in accepted.report["data"]} >= {*RELEASED}


def require_on(stack: StackUnderTest, release: str) -> None:
    """Nothing is left to settle, and the next release goes in."""
    assert stack.cli("status", "--json").report["unfinished"] == []
    stack.set_variable("APP_VERSION", f"after-{release}")
    done = stack.cli("deploy", "--json")
    if "`cosmicdeploy up`" in done.stderr:  # Compose stopped half-way, and left the database down
        assert stack.cli("up").code == 0
        done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    remove_what_status_names(stack)
    require_whole(stack)
    require_backups_intact(stack)

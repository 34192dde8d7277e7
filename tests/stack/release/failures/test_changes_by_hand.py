"""Compose or Docker by hand in a deploy or after a killed one: there is always a way to go on."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.stack.compatibility.test_compose import V1, V2, compose
from tests.stack.release.failures.test_faults import wait_for_record
from tests.stack.support.harness import RELEASED, Done, StackUnderTest
from tests.stack.support.processes.programs import run_program
from tests.stack.support.promises import require_backups_intact, require_whole

pytestmark = pytest.mark.stack

SUPERSEDED = "-before-"


def kill_in_mid_rollout(stack: StackUnderTest, service: str = "cosmic-app-2") -> None:
    """Kill a deploy when the container of this service is superseded."""
    known = len(list(stack.open().journal.records()))
    process = stack.start("deploy")
    wait_for_record(stack, known, "intent", "rollout")
    wait_for_container(stack, re.compile(rf"{service}.*{SUPERSEDED}"))
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, "the deploy ended before the kill"


def wait_for_container(stack: StackUnderTest, name: re.Pattern[str]) -> str:
    """Wait until the project has a container whose name matches; return its id."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ctx = stack.open()
        for container in ctx.engine.containers(ctx.stack.project):
            if name.match(container.name):
                return container.id
        time.sleep(0.05)
    raise AssertionError(f"no container {name.pattern} in time")


def up(stack: StackUnderTest, program: str, *words: str) -> None:
    """Run `up`, which may stop half-way because of the names of superseded containers."""
    with suppress(AssertionError):
        compose(stack, program, "up", "-d", *words)


def up_by_1_29(stack: StackUnderTest) -> None:
    up(stack, V1)


def up_by_v2(stack: StackUnderTest) -> None:
    up(stack, V2)


def recreated_by_1_29(stack: StackUnderTest) -> None:
    up(stack, V1, "--force-recreate")


def recreated_by_v2(stack: StackUnderTest) -> None:
    up(stack, V2, "--force-recreate")


def taken_down(stack: StackUnderTest) -> None:
    """Remove all containers and the network; volumes stay."""
    with suppress(AssertionError):
        compose(stack, V2, "down", "-t", "10")


def database_created_only(stack: StackUnderTest) -> None:
    """Replace the database and the cache, and do not start them, as an `up` that stops half-way."""
    support = ("platform-db", "platform-redis")
    compose(stack, V2, "rm", "--stop", "--force", *support)
    compose(stack, V2, "create", *support)


def superseded_removed(stack: StackUnderTest) -> None:
    name = re.compile(rf"cosmic-app-1.*{SUPERSEDED}")
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
    """Remove what Compose left half-way as `status` says, since the deployer does not."""
    ctx = stack.open()
    for row in stack.cli("status", "--json").report["data"]:
        if match := re.search(r"`docker rm (\S+)`", row.get("todo", "")):
            container = ctx.engine.container(match[1])
            assert container is not None and not container.is_running, row
            ctx.engine.remove(container.id)


@pytest.mark.torture
@pytest.mark.fault("deploy killed in mid-rollout, then Compose or Docker by hand")
def test_abort_accept_takes_what_runs_if_the_superseded_container_is_gone(
    released: StackUnderTest,
) -> None:
    released.set_variable("APP_VERSION", "killed")
    kill_in_mid_rollout(released)
    superseded_removed(released)
    require_accepted(released, released.cli("deploy", "--abort"))
    require_next_deploy(released, "accepted")


@pytest.mark.torture
@pytest.mark.fault("deploy killed in mid-rollout, then Compose or Docker by hand")
@pytest.mark.parametrize(
    "by_hand",
    [
        up_by_1_29,
        up_by_v2,
        recreated_by_1_29,
        recreated_by_v2,
        taken_down,
        candidate_removed,
        restarted,
        database_created_only,
    ],
)
def test_abort_or_accept_works_after_any_change_by_hand(
    released: StackUnderTest, by_hand: Callable[[StackUnderTest], None]
) -> None:
    released.set_variable("APP_VERSION", "killed")
    kill_in_mid_rollout(released)
    by_hand(released)
    aborted = aborted_as_advised(released)
    if aborted.code:
        require_accepted(released, aborted)
    require_next_deploy(released, by_hand.__name__)


@pytest.mark.torture
@pytest.mark.fault("deploy killed in mid-rollout, then Compose or Docker by hand")
def test_the_next_deploy_finishes_one_that_cannot_be_undone(released: StackUnderTest) -> None:
    released.set_variable("APP_VERSION", "killed")
    kill_in_mid_rollout(released)
    superseded_removed(released)
    [*_, run] = released.cli("status", "--json").report["unfinished"]
    assert run["todo"].startswith("`cosmicdeploy deploy` finishes it"), run
    done = released.cli("deploy", "--json")
    assert (done.code, done.report["release"]) == (0, "killed"), done.stderr
    require_next_deploy(released, "finished")


# Last, since Engine 20.10 keeps the name and the network of a container for good if it is renamed
# and removed at the same moment.
@pytest.mark.torture
@pytest.mark.last
@pytest.mark.fault("Compose by hand beside a deploy that runs")
@pytest.mark.parametrize("by_hand", [recreated_by_v2, taken_down])
def test_a_deploy_that_compose_interferes_with_ends_whole_or_names_a_way_on(
    released: StackUnderTest, by_hand: Callable[[StackUnderTest], None]
) -> None:
    released.set_variable("APP_VERSION", "interfered")
    known = len(list(released.open().journal.records()))
    process = released.start("deploy", "--json")
    wait_for_record(released, known, "intent", "rollout")
    wait_for_container(released, re.compile(rf"cosmic-app-2.*{SUPERSEDED}"))
    by_hand(released)
    out, err = process.communicate(timeout=500)
    code = process.wait()
    assert "Traceback" not in err and "Unexpected" not in err, err
    if unfinished := released.cli("status", "--json").report["unfinished"]:
        assert code == 3, (code, err)
        assert "`cosmicdeploy " in unfinished[-1]["todo"]
        aborted = aborted_as_advised(released)
        if aborted.code:
            require_accepted(released, aborted)
    else:
        assert code in (0, 1, 5), (code, out, err)
    require_next_deploy(released, by_hand.__name__)


def aborted_as_advised(stack: StackUnderTest) -> Done:
    """Abort; first rename, as the error says, what Compose left under a name of its own."""
    done = stack.cli("deploy", "--abort")
    while match := re.search(r"`(docker rename \S+ \S+)`", done.stderr):
        run_program(match[1].split(), stack.folder)
        done = stack.cli("deploy", "--abort")
    return done


def require_accepted(stack: StackUnderTest, refused: Done) -> None:
    """Assert that the abort was refused and names `--accept`, and that this works."""
    assert (refused.code, "deploy --abort --accept" in refused.stderr) == (3, True), refused.stderr
    [*_, run] = stack.cli("status", "--json").report["unfinished"]
    assert "`cosmicdeploy deploy --abort --accept`" in run["todo"]
    assert stack.cli("deploy", "--abort", "--accept").code == 2, "it did not ask for confirmation"
    accepted = stack.cli("deploy", "--abort", "--accept", "--yes", "--json")
    assert accepted.code == 0, accepted.stderr
    assert {row["service"] for row in accepted.report["data"]} >= {*RELEASED}


def require_next_deploy(stack: StackUnderTest, release: str) -> None:
    """Assert that no run is unfinished, and that the next release can be deployed."""
    assert stack.cli("status", "--json").report["unfinished"] == []
    stack.set_variable("APP_VERSION", f"after-{release}")
    done = stack.cli("deploy", "--json")
    if "`cosmicdeploy up`" in done.stderr:  # Compose stopped half-way with the database down
        assert stack.cli("up").code == 0
        done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    remove_what_status_names(stack)
    require_whole(stack)
    require_backups_intact(stack)

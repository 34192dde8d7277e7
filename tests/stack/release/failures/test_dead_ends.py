"""Every dead end on a real stack: the command that its message names succeeds.

Each test writes the journal records that an interrupted run would have left, since a kill could
leave them only by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import docker
import pytest

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.schemas import create_schema_like, drop_schema, replaced_name
from cosmicdeploy.runs.undo.snapshot import observe
from tests.stack.release.failures.test_failures import require_error
from tests.stack.support.harness import RELEASED, StackUnderTest

pytestmark = [pytest.mark.stack, pytest.mark.torture]

ACCEPT = ("deploy", "--abort", "--accept")
GONE = {"id": "0" * 64, "running": True, "ready": False, "name": "kiosk-old-1"}
VOLUME_NAME = "cosmicdeploy-dead-end"
VOLUME = {"service": "printer", "target": "/v", "subpath": "", "image": "i", "had_record": False}
# What makes an undo impossible → what differs from a rollout that has replaced nothing.
WITHOUT_UNDO: dict[str, dict[str, Any]] = {
    "unknown kind of step": {"step_kind": "teleport"},
    "unknown option": {"options": {"name": "rollout", "warp": 9}},
    "service no longer declared": {"before": {"containers": {"printer": GONE}}},
    "container gone": {"before": {"containers": {RELEASED[0]: GONE}}},
    "orphan gone": {"step_kind": "orphans", "before": {"orphans": [GONE]}},
    "service of a volume no longer declared": {
        "step_kind": "static-files",
        "before": {"set_aside": "0123abcd", "volumes": {VOLUME_NAME: VOLUME}},
    },
}


def interrupt(
    stack: StackUnderTest,
    command: str = "deploy",
    target: str | None = None,
    state: dict[str, Any] | None = None,
    **differences: Any,
) -> None:
    """Write the records of a run that was killed in a step."""
    ctx = stack.open()
    journal = ctx.journal.of_run("deadend1")
    run = {"who": "me", "pid": 1, "release": "1", "target": target}
    journal.append("run", command=command, **run, state=state or observe(ctx))
    step = {"step": "rollout", "step_kind": "rollout", "options": {"name": "rollout"}}
    intent = {**step, "change": "roll out", "before": {"containers": {}}, **differences}
    journal.append("intent", **intent)


def write_line(stack: StackUnderTest, line: bytes) -> None:
    with stack.open().journal.path.open("ab") as file:
        file.write(line)


def require_free(stack: StackUnderTest) -> None:
    """Assert that nothing stands in the way of the next deploy."""
    assert stack.cli("status", "--json").report["unfinished"] == []
    assert stack.cli("deploy", "--plan", "--json").code == 0


@pytest.fixture(autouse=True, scope="module")
def volume() -> Iterator[None]:
    """A volume that exists: one that does not leaves nothing to undo."""
    with closing(docker.from_env()) as client:
        created = client.volumes.create(VOLUME_NAME)
        yield
        created.remove()


@pytest.mark.fault("dead ends")
@pytest.mark.parametrize("why", WITHOUT_UNDO)
def test_acceptance_succeeds(released: StackUnderTest, why: str) -> None:
    lives = released.lives()
    interrupt(released, **WITHOUT_UNDO[why])
    [run] = released.cli("status", "--json").report["unfinished"]
    assert "`cosmicdeploy deploy --abort --accept`" in run["todo"], run
    require_error(released.cli("deploy", "--abort"), 3, "--accept")
    accepted = released.cli(*ACCEPT, "--yes", "--json")
    assert accepted.code == 0, accepted.stderr
    assert released.lives() == lives, "no container was touched"
    require_free(released)


@pytest.mark.fault("dead ends")
def test_lost_records_are_no_obstacle(released: StackUnderTest) -> None:
    interrupt(released)
    write_line(released, b'{"kind": "intent", "run": "deadend1", "step": "build"}\n')
    require_error(released.cli("deploy"), 3, "some of its changes are unknown", "deploy --abort")
    aborted = released.cli("deploy", "--abort", "--json")
    assert aborted.code == 0, aborted.stderr
    require_free(released)


@pytest.mark.fault("dead ends")
def test_a_state_that_differs_after_an_undo_is_no_obstacle(released: StackUnderTest) -> None:
    state = observe(released.open())
    interrupt(released, state={**state, "tags": {**state["tags"], "shop:1": "sha256:1"}})
    aborted = released.cli("deploy", "--abort")
    require_error(aborted, 3, "differs from its state before", "`cosmicdeploy deploy` continues")
    require_free(released)


@pytest.mark.fault("dead ends")
def test_an_interrupted_rollback_is_undone(released: StackUnderTest) -> None:
    before = {"containers": {}, "ready": [], "shielded": True}
    interrupt(released, "rollback", "b1", step_kind="quiesce", before=before)
    require_error(released.cli("up"), 3, "A rollback was interrupted", "deploy --abort")
    aborted = released.cli("deploy", "--abort", "--json")
    assert aborted.code == 0, aborted.stderr
    require_free(released)


@pytest.mark.fault("dead ends")
def test_swapped_data_that_clients_use_is_accepted(released: StackUnderTest) -> None:
    restore: dict[str, Any] = {"step_kind": "restore", "options": {"name": "restore"}}
    interrupt(released, "rollback", "b1", before={"target": "b1"}, **restore)
    require_error(released.cli("deploy", "--abort"), 3, "Clients have been let in")
    accepted = released.cli(*ACCEPT, "--yes", "--json")
    assert accepted.code == 0, accepted.stderr
    require_free(released)


@pytest.mark.fault("dead ends")
def test_data_that_no_record_explains_is_set_aside(released: StackUnderTest) -> None:
    interrupt(released, "rollback", "b1", step_kind="build", before={"tags": {}})
    write_line(released, b'{"kind": "intent", "run": "deadend1", "step": "restore"}\n')
    with released.database() as facts:
        session, live = facts.session, facts.schema
        former = replaced_name(live)
        create_schema_like(session, live, former)
        session.execute(f"CREATE TABLE {quoted(former)}.notes (id INT PRIMARY KEY)")
        session.execute(f"INSERT INTO {quoted(former)}.notes VALUES (7)")  # noqa: S608 - quoted
    require_error(released.cli("deploy", "--abort"), 3, "no record says", "--accept")
    asked = released.cli(*ACCEPT)
    assert asked.code == 2 and former in asked.stdout + asked.stderr
    accepted = released.cli(*ACCEPT, "--yes", "--json")
    assert accepted.code == 0, accepted.stderr
    [warning] = [w for w in accepted.report["warnings"] if "is kept in the schema" in w]
    kept = warning.partition("schema ")[2].partition(";")[0]
    with released.database() as facts:
        assert facts.session.rows(f"SELECT id FROM {quoted(kept)}.notes") == [(7,)]  # noqa: S608
        drop_schema(facts.session, kept)
    require_free(released)

"""A stack's own playbooks, and the shipped ones that no other command runs, on the real stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.files import shipped as resources
from cosmicdeploy.probes.application.features import states
from tests.stack.support.harness import RELEASED, StackUnderTest

pytestmark = pytest.mark.stack

# Redis holds what a command did; `unless` asks for it.
MARK = ["redis-cli", "SET", "cosmicdeploy-test", "1"]
IS_MARKED = ["sh", "-c", "redis-cli GET cosmicdeploy-test | grep -qx 1"]
UNMARK = ["redis-cli", "DEL", "cosmicdeploy-test"]
MARKING = {"name": "mark", "kind": "exec", "service": "cache", "run": MARK, "unless": IS_MARKED}
SWITCHING = {"name": "off", "kind": "feature", "feature": "rate-limit", "switch": "off"}
LOOKING = {
    "name": "look",
    "kind": "console",
    "service": "scheduler",
    "run": ["schedule:list"],
    "expect": "devices:monitor-status",
    "changes": False,
}
NEVER = {"name": "never", "kind": "exec", "service": "cosmic-queue-1", "run": ["false"]}


@pytest.fixture
def own(released: StackUnderTest) -> Any:
    """Write a playbook; whatever it changes is restored afterwards."""
    path = released.folder / "playbooks" / "own.yaml"

    def write(*steps: dict[str, Any]) -> Path:
        path.write_text(json.dumps({"description": "A try.", "steps": steps}))  # YAML as well
        return path

    try:
        yield write
    finally:
        path.unlink(missing_ok=True)
        ctx = released.open()
        ctx.engine.exec(ctx.running("platform-redis").id, UNMARK)
        switch_on(released, sorted(off(ctx)))


def switch_on(stack: StackUnderTest, names: Sequence[str]) -> None:
    for name in names:
        assert stack.cli("features", "enable", name).code == 0


def marked(ctx: Context) -> bool:
    return ctx.engine.exec(ctx.running("platform-redis").id, IS_MARKED).exit_code == 0


def off(ctx: Context) -> set[str]:
    return {state.name for state in states(ctx) if state.enabled is False}


def test_an_own_playbook_is_planned_and_has_nothing_to_do_twice(
    released: StackUnderTest, own: Any
) -> None:
    own(LOOKING, {**MARKING, "undo_with": UNMARK}, SWITCHING)
    listed = released.cli("playbook", "list", "--json").report["data"]
    assert ["look", "mark", "off"] in [row["steps"] for row in listed]
    planned = released.cli("playbook", "run", "own", "--plan", "--json")
    assert planned.outcomes == {"look": "planned", "mark": "planned", "off": "planned"}
    assert released.cli("playbook", "show", "own", "--json").outcomes == planned.outcomes
    ctx = released.open()
    assert not marked(ctx) and not off(ctx)

    done = released.cli("playbook", "run", "own", "--json")
    assert done.code == 0, done.stderr
    assert done.outcomes == {"look": "passed", "mark": "changed", "off": "changed"}
    assert done.report["requests"]["sent"] > 0
    assert marked(ctx) and off(ctx) == {"rate-limit"}
    again = released.cli("playbook", "run", "playbooks/own.yaml", "--json")
    assert set(again.outcomes.values()) == {"passed", "unchanged"}
    commands = [r["command"] for r in ctx.journal.records() if r["kind"] == "run"]
    assert commands[-2:] == ["playbook run own", "playbook run own"]


def test_a_failure_undoes_the_steps_before_it(released: StackUnderTest, own: Any) -> None:
    own({**MARKING, "undo_with": UNMARK}, SWITCHING, {**NEVER, "undo_with": ["true"]})
    done = released.cli("playbook", "run", "own", "--json")
    assert done.code == 1
    assert done.outcomes == {"mark": "undone", "off": "undone", "never": "failed"}
    assert "`exec cosmic-queue-1 false` ended with exit code 1" in done.report["error"]["what"]
    ctx = released.open()
    assert not marked(ctx) and not off(ctx)
    assert list(ctx.journal.records()) and "own" not in released.cli("status").stdout


def test_steps_that_cannot_work_or_be_undone_are_named_first(
    released: StackUnderTest, own: Any
) -> None:
    own(SWITCHING, {**NEVER, "service": "cosmic-queu-1"})
    unknown = released.cli("playbook", "run", "own", "--yes", "--json")
    error = unknown.report["error"]
    assert unknown.code == 2 and "did you mean" in error["todo"] and "own.yaml:" in error["where"]
    own(SWITCHING, {"kind": "feature", "feature": "moon", "switch": "on"})
    assert released.cli("playbook", "run", "own", "--json").code == 2
    own(SWITCHING, {"kind": "restart-in-place", "services": ["database"]})
    beneath = released.cli("playbook", "run", "own", "--json")
    assert "no client can be served" in beneath.report["error"]["what"]
    own(SWITCHING, NEVER)
    asked = released.cli("playbook", "run", "own")
    assert asked.code == 2 and "cannot be undone" in asked.stdout and "--yes" in asked.stderr
    back = released.cli("playbook", "run", "rollback", "--json")
    assert back.code == 2 and "rollback --to" in back.report["error"]["todo"]
    assert not off(released.open())


def test_a_failing_check_command_is_a_failed_check(released: StackUnderTest, own: Any) -> None:
    own({**LOOKING, "expect": "moon:rise", "retry": {"times": 2, "seconds": 0}})
    done = released.cli("playbook", "run", "own", "--json")
    assert done.code == 5 and "did not print 'moon:rise'" in done.report["error"]["what"]
    own({**LOOKING, "expect": "moon:rise", "on_failure": "go-on"})
    continued = released.cli("playbook", "run", "own", "--json")
    assert continued.code == 0 and "went on" in continued.reason("look")


@pytest.mark.torture
def test_new_features_off_twice(released: StackUnderTest) -> None:
    names = ["monitor", "notifications", "rate-limit"]
    try:
        done = released.cli("playbook", "run", "new-features-off", "--json")
        assert done.code == 0, done.stderr
        assert set(done.outcomes.values()) == {"changed"}
        assert off(released.open()) == set(names)
        again = released.cli("playbook", "run", "new-features-off", "--json")
        assert set(again.outcomes.values()) == {"unchanged"}
    finally:
        switch_on(released, names)


def test_restart_scheduler_restarts_the_same_container(released: StackUnderTest) -> None:
    before = released.containers()
    done = released.cli("playbook", "run", "restart-scheduler", "--json")
    assert done.code == 0, done.stderr
    assert [name for name, was in done.outcomes.items() if was == "changed"] == ["restart"]
    after = released.containers()
    assert {n: c.id for n, c in after.items()} == {n: c.id for n, c in before.items()}
    anew = {n for n in RELEASED if after[n].started_at != before[n].started_at}
    assert anew == {"cosmic-scheduler"}


def test_commands_are_playbooks_by_their_names(released: StackUnderTest) -> None:
    for name in ("deploy", "up", "verify"):
        done = released.cli("playbook", "run", name, "--json")
        assert (done.code, done.report["outcome"]) == (0, "unchanged"), done.stderr
    records = [r for r in released.open().journal.records() if r["kind"] == "run"]
    assert [r["command"] for r in records[-3:]] == ["deploy", "up", "playbook run verify"]


def test_every_shipped_playbook_is_run_by_a_test() -> None:
    """Playbooks of commands are run by the commands' tests, the others above."""
    by_commands = {"deploy", "up", "verify", "rollback", "rollback-code", "rollback-migration"}
    shipped = {path.stem for path in resources.playbooks().glob("*.yaml")}
    assert shipped == by_commands | {"new-features-off", "restart-scheduler"}

"""The problem `heartbeat`: what the application answers, and what the operator can do about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.checks.health.heartbeat import heartbeat
from cosmicdeploy.operations.diagnosis.finding import Finding, Severity
from tests.unit.operations.diagnosis.world import APPS, World, new_world

FRONT = "http://front/beat"
BEATS = ("http://10.0.0.3:80/beat", "http://10.0.0.4:80/beat")
Opened = Callable[[World], Context]


def found(opened: Opened, replies: dict[str, tuple[int, str]]) -> Finding:
    world = new_world()
    world.responses |= replies
    [finding] = heartbeat(opened(world))
    return finding


def test_an_accepted_heartbeat_is_no_problem(opened: Opened) -> None:
    world = new_world()
    [finding] = heartbeat(opened(world))
    assert finding.severity is Severity.OK and "200 with accepted" in finding.description
    assert world.sent == [FRONT], "no replica gets a heartbeat of its own"


@pytest.mark.parametrize(
    ("reply", "description", "todo"),
    [
        (
            (429, "slow down"),
            "answers 429: the rate limit refuses requests for 30 s",
            "a device of",
        ),
        ((401, "who?"), "the application does not know the token in TOKEN", "set TOKEN to the"),
        ((422, "no battery"), "422 in 0 ms no battery", "`verify.heartbeat`"),
        ((200, "{}"), "without accepted", "`verify.heartbeat`"),
    ],
)
def test_each_answer_has_its_own_advice(
    opened: Opened, reply: tuple[int, str], description: str, todo: str
) -> None:
    finding = found(opened, {FRONT: reply})
    assert finding.severity is Severity.PROBLEM
    assert description in finding.description and todo in finding.todo
    assert not finding.remedies


def test_a_replica_that_fails_alone_is_restarted(opened: Opened) -> None:
    finding = found(opened, {FRONT: (500, "it fails"), BEATS[1]: (500, "it fails")})
    assert finding.services == (APPS[1],) and finding.todo == f"cosmicdeploy restart {APPS[1]}"
    assert [each.command for each in finding.remedies] == ["restart app-2", "diagnose --fix"]
    assert finding.details == (
        "app-1: http://10.0.0.3:80/beat: 200 in 0 ms",
        "app-2: http://10.0.0.4:80/beat: 500 in 0 ms it fails",
    )


def test_if_all_replicas_fail_none_is_restarted(opened: Opened) -> None:
    fails = (500, "no such column")
    finding = found(opened, {FRONT: fails, **dict.fromkeys(BEATS, fails)})
    assert not finding.remedies and finding.todo == "cosmicdeploy logs app --tail 100"
    assert finding.services == APPS


def test_if_all_replicas_accept_the_proxy_is_to_be_checked(opened: Opened) -> None:
    finding = found(opened, {FRONT: (504, "timeout")})
    assert finding.todo == "cosmicdeploy verify --only proxy" and not finding.services


def test_a_replica_that_cannot_be_asked_comes_first(opened: Opened) -> None:
    world = new_world()
    world.responses[FRONT] = (502, "bad gateway")
    world.change(APPS[0], networks=(), addresses={})
    [finding] = heartbeat(opened(world))
    assert finding.todo == "cosmicdeploy diagnose unhealthy" and not finding.remedies

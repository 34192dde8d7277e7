"""Features switched off and on while the stack serves."""

from __future__ import annotations

import time

import pytest

from cosmicdeploy.probes.http import OK, RATE_LIMITED, send_request
from tests.stack.support.harness import BEAT, BODY, RELEASED, StackUnderTest

pytestmark = pytest.mark.stack

SCHEDULER = "cosmic-scheduler"
# More than two windows of it, as one may end in between.
MORE_THAN_ALLOWED = 300


def beaten(stack: StackUnderTest) -> set[int]:
    """Return the statuses of one device's heartbeats, up to the first refusal."""
    url, found = stack.url() + BEAT, set()
    for _ in range(MORE_THAN_ALLOWED):
        found.add(send_request(url, token=stack.kiosks[8], json=BODY).status)
        if RATE_LIMITED in found:
            break
    return found


@pytest.mark.torture
def test_the_rate_limit_is_switched_off_and_on(released: StackUnderTest) -> None:
    assert beaten(released) == {OK, RATE_LIMITED}
    off = released.cli("features", "disable", "rate-limit", "--json")
    assert (off.code, off.report["outcome"]) == (0, "changed"), off.stderr
    assert off.report["data"]["places"] == list(RELEASED)
    assert beaten(released) == {OK}
    again = released.cli("features", "disable", "rate-limit", "--json")
    assert again.report["outcome"] == "unchanged"
    shown = released.cli("status").stdout
    assert "switched off: rate-limit since 2" in shown
    assert "cosmicdeploy features enable rate-limit" in shown

    ctx = released.open()
    for name in ("platform-redis", "cosmic-app-1"):
        found = ctx.running(name)
        ctx.engine.stop(found.id, 10)
        ctx.engine.start(found.id)
    assert released.cli("step", "health").code == 0
    assert beaten(released) == {OK}, "a restart forgets no switch"

    assert released.cli("features", "enable", "rate-limit").code == 0
    assert RATE_LIMITED in beaten(released), "at once, where it was used up before"
    assert "switched off" not in released.cli("status").stdout
    kinds = [r for r in ctx.journal.records() if r.get("feature") == "rate-limit"]
    assert [(r["kind"], r["enabled"]) for r in kinds] == [
        ("switching", False), ("switched", False), ("switching", True), ("switched", True),
    ]  # fmt: skip
    assert all(record["who"] and record["at"] for record in kinds)
    ctx.engine.exec(ctx.any_app().id, ctx.console("cache:clear"))


def test_the_monitor_is_switched_off_and_on(released: StackUnderTest) -> None:
    ctx = released.open()
    began = time.time()
    assert released.cli("features", "disable", "monitor").code == 0
    with released.database() as facts:
        facts.session.execute(
            "UPDATE remotes SET status = 'Connected', last_heartbeat_at = NOW(3) - INTERVAL 50"
            " SECOND WHERE name = 'KIOSK-10'"
        )
    try:
        released.begin_minute_again()
        wait_for_line(released, "Skipping command (switched off): Artisan devices", began)
        assert status_of(released, "KIOSK-10") == "Connected"
        point = released.cli("verify", "--only=scheduler", "--json").report["checks"][0]
        assert point["ok"] and "devices:monitor-status is switched off since 2" in point["found"]
    finally:
        assert released.cli("features", "enable", "monitor").code == 0
    ctx.engine.exec(ctx.running(SCHEDULER).id, ctx.console("schedule:run"))
    assert status_of(released, "KIOSK-10") != "Connected"


def wait_for_line(stack: StackUnderTest, line: str, since: float) -> None:
    ctx, until = stack.open(), time.monotonic() + 75
    container = ctx.running(SCHEDULER).id
    while time.monotonic() < until:
        if any(line in each for each in ctx.engine.log_lines(container, since)):
            return
        time.sleep(1)
    raise AssertionError(f"the scheduler never said: {line}")


def status_of(stack: StackUnderTest, device: str) -> str:
    with stack.database() as facts:
        return str(facts.session.rows("SELECT status FROM remotes WHERE name = %s", device)[0][0])


def test_a_switch_without_effect_and_an_unknown_feature_are_reported(
    released: StackUnderTest,
) -> None:
    wrong = released.cli("features", "disable", "monitr", "--json")
    assert (wrong.code, wrong.report["error"]["todo"]) == (2, "did you mean 'monitor'?")
    released.set_setting('["feature:disable", "monitor", "--by={who}"]', '["feature:list"]')
    blind = released.cli("features", "disable", "monitor", "--json")
    assert blind.code == 1
    assert blind.report["error"]["where"] == ", ".join(RELEASED)
    released.set_setting('state: ["feature:list", "--json"]', 'state: ["feature:lisd"]')
    listed = released.cli("features", "list", "--json").report["features"]
    assert {each["enabled"] for each in listed} == {None}
    assert all("feature:lisd" in each["found"] for each in listed)

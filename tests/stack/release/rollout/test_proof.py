"""The requests that a deploy sends to prove itself, and what it does when some fail."""

from __future__ import annotations

import time

import pytest

from cosmicdeploy.probes.http import send_request
from tests.stack.release.failures.test_faults import wait_for_record
from tests.stack.support.harness import BEAT, Done, StackUnderTest

pytestmark = pytest.mark.stack


def test_a_heartbeat_is_found_by_its_id(released: StackUnderTest) -> None:
    """A heartbeat without an id keeps the previous id."""
    for body in ({"battery_level": 85, "heartbeat_id": "found-again"}, {"battery_level": 84}):
        assert send_request(released.url() + BEAT, token=released.token(), json=body).status == 200
        with released.database() as facts:
            rows = facts.session.rows("SELECT last_heartbeat_id FROM remotes WHERE name = 'VERIFY'")
        assert rows == [("found-again",)]


@pytest.mark.parametrize(
    "on_failure", [pytest.param("report", marks=pytest.mark.torture), "rollback"]
)
@pytest.mark.fault("proxy reloaded in mid-deploy, which hangs up on kept connections")
def test_a_lost_request_is_reported_or_undone_as_configured(
    released: StackUnderTest, on_failure: str
) -> None:
    released.set_variable("APP_VERSION", f"lossy-{on_failure}")
    released.set_setting("on_failure: report", f"on_failure: {on_failure}")
    before = released.snapshot()
    done = deploy_with_reloads(released)
    requests = done.report["requests"]
    assert requests["kept"]["failed"] >= 1, requests
    assert requests["not_found"] == 0
    assert "requests failed" in requests["broken"]
    if on_failure == "report":
        assert done.code == 0, done.stderr
    else:
        assert done.code == 1 and "Clients would have noticed this deploy" in done.stderr
        assert "the state is the same as before" in done.stderr
        assert released.snapshot() == before


@pytest.mark.fault("page that the deployer does not request answers 502 in mid-deploy")
def test_a_502_to_another_client_is_reported(released: StackUnderTest) -> None:
    """The page is nginx's own, so no request of the deployer fails."""
    ctx = released.open()
    proxy, conf = ctx.running("platform-nginx").id, "/etc/nginx/conf.d/default.conf"
    released.set_variable("APP_VERSION", "with-a-502")
    # An `error_page` of its own, so that the server's does not turn 502 into 503.
    page = "location = /502 { error_page 404 /none; return 502; }"
    change = f"cp {conf} /tmp/kept && sed -i 's|listen 80;|& {page}|' {conf}"
    restore = f"cat /tmp/kept >{conf}"
    try:
        for command in (change, "nginx -s reload"):
            assert ctx.engine.exec(proxy, ["sh", "-c", command]).exit_code == 0
        known = len(list(ctx.journal.records()))
        process = released.start("deploy", "--json")
        wait_for_record(released, known, "intent", "rollout")
        time.sleep(1.1)  # the log has whole seconds
        assert [send_request(released.url() + "/502").status for _ in range(3)] == [502] * 3
        out, err = process.communicate(timeout=180)
    finally:
        for command in (restore, "nginx -s reload"):
            assert ctx.engine.exec(proxy, ["sh", "-c", command]).exit_code == 0
    done = Done(process.returncode, out, err)
    assert done.code == 0, done.stderr
    requests = done.report["requests"]
    assert requests["failed"] == 0, requests
    assert "the proxy answered 502 or 504 to 3 of" in requests["broken"]
    assert requests["proxy"]["gateway"] == 3


def deploy_with_reloads(stack: StackUnderTest) -> Done:
    ctx = stack.open()
    known = len(list(ctx.journal.records()))
    process = stack.start("deploy", "--json")
    wait_for_record(stack, known, "intent", "rollout")
    proxy = ctx.running("platform-nginx").id
    for _ in range(3):
        assert ctx.engine.exec(proxy, ["nginx", "-s", "reload"]).exit_code == 0
    out, err = process.communicate(timeout=180)
    return Done(process.returncode, out, err)


def test_the_newest_lines_of_a_long_log_are_read(released: StackUnderTest) -> None:
    ctx = released.open()
    proxy = ctx.running("platform-nginx").id

    def read(since: float) -> list[str]:
        lines = (line.split() for line in ctx.engine.log_lines(proxy, since))
        return [words[0] for words in lines if words and words[0] in ("earlier", "now")]

    def write(word: str, count: int) -> float:
        before = time.time()
        words = f"for n in $(seq {count}); do echo {word} $n; done >/proc/1/fd/1"
        assert ctx.engine.exec(proxy, ["sh", "-c", words]).exit_code == 0
        # The engine stores the lines with some delay.
        until = time.monotonic() + 120
        while read(before) != [word] * count and time.monotonic() < until:
            time.sleep(0.2)
        return before

    earlier, now = write("earlier", 9_000), write("now", 3)
    assert read(now) == ["now"] * 3
    assert read(earlier) == ["earlier"] * 9_000 + ["now"] * 3

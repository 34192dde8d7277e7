"""A response that proves nothing about the release never counts as good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed, NotProven
from cosmicdeploy.events import Event, Notice
from cosmicdeploy.probes.application.replica import new_replica_problem, old_replica_problem
from cosmicdeploy.settings import load
from cosmicdeploy.steps.verify import VerifyStep
from cosmicdeploy.verification.points import run_check
from tests.unit.servers import Reply, Served, serving

SETTINGS = """\
services: {{app: [web], database: db}}
app: {{console: [x], release_header: X-Release}}
database: {{name: shop}}
probe: {{url: "{url}"}}
verify:
  heartbeat: {{path: /beat, token_variable: TOKEN, body: {{a: 1}}, answers_with: should_reconnect}}
"""
GOOD = Reply(200, '{"should_reconnect": false}', {"X-Release": "2"})
LIMITED_FOR_LONG = Reply(429, headers={"Retry-After": "600"})
LIMITED_FOR_A_MOMENT = Reply(429, headers={"Retry-After": "1"})

Answering = Callable[..., tuple[Context, Served]]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a rate limit takes no real time: it sets a clock forward."""
    now = [0.0]

    def sleep(_ctx: Context, seconds: float) -> None:
        now[0] += seconds

    fake_time = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("cosmicdeploy.probes.rate_limited.time", fake_time)
    monkeypatch.setattr(Context, "sleep", sleep)


@pytest.fixture
def answering(ctx: Context, tmp_path: Path) -> Iterator[Answering]:
    """Return a function that starts a stack with these replies, the last one repeated."""
    path, servers = tmp_path / "cosmicdeploy.yaml", ExitStack()

    def start(*replies: Reply) -> tuple[Context, Served]:
        served = servers.enter_context(serving(lambda n: replies[min(n, len(replies)) - 1]))
        path.write_text(SETTINGS.format(url=served.url))
        return replace(ctx, loaded=load(path, {"TOKEN": "t"})), served

    with servers:
        yield start


def test_a_heartbeat_is_sent_again_once_the_rate_limit_allows_it(
    answering: Answering, events: list[Event]
) -> None:
    ctx, served = answering(LIMITED_FOR_A_MOMENT, GOOD)
    result = run_check(ctx, "heartbeat")
    assert (result.ok, result.unproven) == (True, False), result.found
    assert len(served.requests) == 2
    assert any(isinstance(event, Notice) and "429" in event.text for event in events)


def test_after_one_wait_in_vain_no_further_request_waits(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.probes.rate_limited.MAX_WAIT_SECONDS", 1.5)
    ctx, served = answering(LIMITED_FOR_A_MOMENT)
    assert run_check(ctx, "heartbeat").unproven and len(served.requests) == 2
    assert run_check(ctx, "heartbeat").unproven and len(served.requests) == 3


def test_a_failure_after_a_rate_limit_is_a_failure(answering: Answering) -> None:
    ctx, _ = answering(LIMITED_FOR_A_MOMENT, Reply(500))
    result = run_check(ctx, "heartbeat")
    assert (result.ok, result.unproven) == (False, False) and "500" in result.found


@pytest.mark.parametrize("reply", [LIMITED_FOR_LONG, Reply(503, headers={"Retry-After": "600"})])
def test_a_heartbeat_that_is_refused_for_long_is_unproven(
    answering: Answering, reply: Reply
) -> None:
    ctx, _ = answering(reply)
    result = run_check(ctx, "heartbeat")
    assert (result.ok, result.unproven) == (False, True)
    assert str(reply.status) in result.found and "a device of its own" in result.todo
    with pytest.raises(NotProven, match="1 of 1 point cannot be proven") as raised:
        VerifyStep(name="verify", only=("heartbeat",)).check(ctx)
    assert raised.value.exit_code == 5
    noted = ctx.run.notes.points["heartbeat"]
    assert (noted["ok"], noted["unproven"], noted["found"]) == (False, True, result.found)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(200, ""), "an empty body"),
        (Reply(200, "<html>welcome</html>"), "without should_reconnect"),
        (Reply(200, '{"a":' * 100_000), "without should_reconnect"),
        (Reply(302, "", {"Location": "/login"}), "redirects to /login"),
        (Reply(404), "404"),
    ],
)
def test_any_other_response_is_no_accepted_heartbeat(
    answering: Answering, reply: Reply, problem: str
) -> None:
    ctx, served = answering(GOOD, reply)
    assert problem in new_replica_problem(ctx, ctx.settings.main_application, served.url, "2")
    assert problem in run_check(ctx, "heartbeat").found
    with pytest.raises(CheckFailed):
        VerifyStep(name="verify", only=("heartbeat",)).check(ctx)


@pytest.mark.parametrize("status", [401, 403])
def test_an_unknown_token_is_reported_before_a_replica_is_touched(
    answering: Answering, status: int
) -> None:
    ctx, served = answering(GOOD, Reply(status))
    with pytest.raises(CheckFailed, match="does not know the token in TOKEN; no replica"):
        new_replica_problem(ctx, ctx.settings.main_application, served.url, "2")
    result = run_check(ctx, "heartbeat")
    assert not result.ok and "does not know the token in TOKEN" in result.found


def test_a_new_replica_has_to_answer_with_its_release_and_a_heartbeat(answering: Answering) -> None:
    ctx, served = answering(GOOD)
    assert new_replica_problem(ctx, ctx.settings.main_application, served.url, "2") == ""
    ctx, served = answering(GOOD, LIMITED_FOR_LONG)
    with pytest.raises(NotProven, match="no replica was touched") as raised:
        new_replica_problem(ctx, ctx.settings.main_application, served.url, "2")
    assert "429" in raised.value.details[0] and "a device of its own" in raised.value.todo
    ctx, served = answering(Reply(503, headers={"Retry-After": "600"}))
    with pytest.raises(NotProven, match="no replica was touched") as raised:
        new_replica_problem(ctx, ctx.settings.main_application, served.url, "2")
    assert "503" in raised.value.details[0] and "end the maintenance" in raised.value.todo
    ctx, served = answering(Reply(200, "welcome"))
    assert "answers as release unknown, not 2" in new_replica_problem(
        ctx, ctx.settings.main_application, served.url, "2"
    )


@pytest.mark.parametrize("reply", [LIMITED_FOR_LONG, Reply(404), Reply(302), Reply(401)])
def test_an_old_replica_may_be_unproven_but_not_broken(answering: Answering, reply: Reply) -> None:
    ctx, served = answering(Reply(200), reply)
    problem, unproven = old_replica_problem(ctx, ctx.settings.main_application, served.url, "1")
    assert problem == "" and str(reply.status) in unproven
    ctx, served = answering(Reply(200), Reply(500))
    assert "500" in old_replica_problem(ctx, ctx.settings.main_application, served.url, "1")[0]


def test_where_no_trial_can_run_an_old_replica_shows_that_the_token_is_unknown(
    answering: Answering,
) -> None:
    ctx, served = answering(Reply(200), Reply(401))
    replica = (ctx, ctx.settings.main_application, served.url, "1")
    with pytest.raises(CheckFailed, match="does not know the token in TOKEN; no replica") as raised:
        old_replica_problem(*replica, must_know_token=True)
    assert "set TOKEN to the token of a registered device" in raised.value.todo
    assert "without `verify.heartbeat`" in raised.value.todo
    ctx, served = answering(Reply(200), LIMITED_FOR_LONG)
    replica = (ctx, ctx.settings.main_application, served.url, "1")
    assert "429" in old_replica_problem(*replica, must_know_token=True)[1]

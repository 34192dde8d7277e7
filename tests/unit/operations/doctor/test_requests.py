"""What clients would notice: the proxy, gaps, maintenance, and limits on the deploy's requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.operations.doctor.checks.requests import rate_limit as rate_limit_check
from cosmicdeploy.operations.doctor.checks.requests.gaps import gaps
from cosmicdeploy.operations.doctor.checks.requests.maintenance import maintenance
from cosmicdeploy.operations.doctor.checks.requests.proxy import proxy
from cosmicdeploy.operations.doctor.checks.requests.rate_limit import rate_limit
from cosmicdeploy.operations.doctor.outcome import Outcome, Verdict
from cosmicdeploy.traffic.response import Response
from tests.unit.operations.doctor.world import (
    COMPOSE,
    NGINX,
    SETTINGS,
    World,
    opened,
    run,
)

pytestmark = pytest.mark.unit
STAT = "{} (nginx) S {} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0\n"
PROCESSES = STAT.format(1, 0) + STAT.format(30, 1) + STAT.format(31, 1)
SINGLE = COMPOSE.replace("  app-2: *app\n", "")
ONE_APP = SETTINGS.replace("app-1, app-2", "app-1")
STOPPED_FIRST = ONE_APP + "restart: {order: {app: stop-first}}\n"


def with_nginx(text: str, processes: str = PROCESSES) -> World:
    """Return a world in which nginx runs with this configuration."""
    world = World()
    for name in ("front", "app-1", "app-2"):
        run(world, name, Path())
    dump = f"# configuration file /etc/nginx/conf.d/default.conf:\n{text}"
    world.commands = {("shop-front-1", "nginx"): dump, ("shop-front-1", "sh"): processes}
    return world


@pytest.mark.parametrize("runs", [True, False])
def test_a_good_configuration_holds_before_and_after_nginx_runs(tmp_path: Path, runs: bool) -> None:
    world = with_nginx(NGINX) if runs else World()
    outcome = proxy(opened(tmp_path, world))
    assert not [each for each in outcome.flaws if each.fails]


@pytest.mark.parametrize("runs", [True, False])
def test_a_flaw_says_how_many_requests_why_and_what_to_write_where(
    tmp_path: Path, runs: bool
) -> None:
    text = NGINX.replace("proxy_pass", "proxy_next_upstream off;\n        proxy_pass")
    world = with_nginx(text) if runs else World()
    [flaw] = [each for each in proxy(opened(tmp_path, world, nginx=text)).flaws if each.fails]
    assert flaw.loses == "2 requests at least in each deploy"
    assert flaw.why == ("proxy_pass app: expected a retry after error and timeout, found off")
    assert flaw.todo == "write into nginx.conf:11:"
    assert flaw.lines == ("proxy_next_upstream error timeout;",)


def test_each_worker_without_a_zone_loses_requests_by_itself(tmp_path: Path) -> None:
    text = NGINX.replace("    zone app 64k;\n", "").replace("max_fails=1", "max_fails=3")
    text = text.replace("proxy_pass", "proxy_next_upstream off; proxy_pass")
    flaws = proxy(opened(tmp_path, with_nginx(text), nginx=text)).flaws
    assert flaws[0].loses == "12 requests at least in each deploy"
    assert ("time", ("zone app 64k;",)) in [(each.stake, each.lines) for each in flaws]


def test_the_same_flaw_in_several_places_is_told_once(tmp_path: Path) -> None:
    text = NGINX.replace(" fail_timeout=1s", "")
    [flaw] = [
        each for each in proxy(opened(tmp_path, World(), nginx=text)).flaws if each.stake == "time"
    ]
    assert flaw.why.endswith("found 10s (and 1 more)")
    assert flaw.todo == "write into nginx.conf:3, nginx.conf:4:"
    assert flaw.lines == ("fail_timeout=1s",)


def test_an_nginx_that_would_not_start_again_loses_everything(tmp_path: Path) -> None:
    world = with_nginx(NGINX.replace("app-2:8000", "172.20.0.99:8000"))
    world.subnets = lambda: ["172.20.0.0/16"]  # type: ignore[method-assign]
    [flaw] = proxy(opened(tmp_path, world)).flaws
    assert "172.20.0.99, which no replica has" in flaw.why and flaw.stake == "requests"


def test_another_proxy_is_not_checked_and_named(tmp_path: Path) -> None:
    world = with_nginx(NGINX, PROCESSES.replace("nginx", "envoy"))
    with pytest.raises(ProbeFailed, match="front is not nginx, HAProxy, Traefik or Caddy"):
        proxy(opened(tmp_path, world))
    unmounted = COMPOSE.partition("    volumes:")[0]
    with pytest.raises(ProbeFailed, match="no configuration of nginx is mounted"):
        proxy(opened(tmp_path, World(), compose=unmounted))


@pytest.mark.parametrize(
    "text",
    [
        "upstream { server; server a weight=x max_fails=x; } server { proxy_pass",
        "upstream app { server app-1:8000 max_fails=$n; server app-2:8000; keepalive 3; }\n"
        "server { proxy_next_upstream_tries ${N}; proxy_next_upstream off; proxy_pass http://app;}",
        "{" * 5000,
        "\x1b[2J\x00",
    ],
)
def test_hostile_configuration_is_harmless(tmp_path: Path, text: str) -> None:
    try:
        proxy(opened(tmp_path, World(), nginx=text))
    except ProbeFailed as error:
        assert "no configuration" in error.what


def test_a_template_is_read_with_the_variables_of_the_container(tmp_path: Path) -> None:
    mount = "./nginx.conf:/etc/nginx/conf.d/default.conf:ro"
    template = COMPOSE.replace(mount, "./nginx.conf:/etc/nginx/templates/default.conf.template:ro")
    template += "    environment: {SECONDS: 1s}\n"
    text = NGINX.replace("fail_timeout=1s", "fail_timeout=${SECONDS}")
    assert not proxy(opened(tmp_path, World(), compose=template, nginx=text)).flaws
    text = text.replace("proxy_pass", "proxy_next_upstream off; proxy_pass")
    [flaw] = proxy(opened(tmp_path, World(), compose=template, nginx=text)).flaws
    assert flaw.todo == "write into nginx.conf:10:"


def test_a_single_replica_leaves_a_gap_only_if_it_is_stopped_first(tmp_path: Path) -> None:
    assert gaps(opened(tmp_path, World())).verdict is Verdict.HOLDS
    assert gaps(opened(tmp_path, World(), compose=SINGLE, cosmicdeploy=ONE_APP)).found
    [flaw] = gaps(opened(tmp_path, World(), compose=SINGLE, cosmicdeploy=STOPPED_FIRST)).flaws
    assert flaw.loses == "all requests in at most 72 s of each deploy"
    assert flaw.lines == ("restart: {order: {app: start-first}}",)
    writing = SINGLE.replace('expose: ["8000"]', 'volumes: ["./data:/data"]')
    [flaw] = gaps(opened(tmp_path, World(), compose=writing, cosmicdeploy=ONE_APP)).flaws
    assert "two containers may write to /data" in flaw.todo
    published = SINGLE.replace('expose: ["8000"]', 'ports: ["8000:8000"]')
    [flaw] = gaps(opened(tmp_path, World(), compose=published, cosmicdeploy=ONE_APP)).flaws
    assert "both containers would need the port 8000" in flaw.todo
    assert flaw.lines == ("deploy: {replicas: 2}",)


def test_the_requests_in_a_gap_are_estimated_by_the_access_log(tmp_path: Path) -> None:
    world = with_nginx(NGINX)
    line = '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5'
    world.log_lines = lambda *_: [line] * 1200  # type: ignore[method-assign]
    [flaw] = gaps(opened(tmp_path, world, compose=SINGLE, cosmicdeploy=STOPPED_FIRST)).flaws
    assert "at most 144 requests" in flaw.loses and "at 2.0 a second" in flaw.loses


def test_the_maintenance_switch_must_be_named_and_looked_for(tmp_path: Path) -> None:
    assert maintenance(opened(tmp_path, World())).verdict is Verdict.HOLDS
    without = NGINX.replace("/run/maintenance", "/run/other")
    [flaw] = maintenance(opened(tmp_path, World(), nginx=without)).flaws
    assert flaw.stake == "deploy" and flaw.lines[0] == "if (-f /run/maintenance) { return 503; }"
    unset = SETTINGS.replace("maintenance: {file: /run/maintenance}\n", "")
    [flaw] = maintenance(opened(tmp_path, World(), cosmicdeploy=unset)).flaws
    assert flaw.stake == "requests" and "clients cannot connect" in flaw.why
    assert flaw.lines[-1] == "maintenance: {file: /run/cosmicdeploy/maintenance}"
    assert any("Retry-After" in line for line in flaw.lines)


def test_another_proxy_gets_no_lines_of_nginx(tmp_path: Path) -> None:
    unset = SETTINGS.replace("maintenance: {file: /run/maintenance}\n", "")
    world = with_nginx(NGINX, PROCESSES.replace("nginx", "envoy"))
    [flaw] = maintenance(opened(tmp_path, world, cosmicdeploy=unset)).flaws
    assert flaw.lines == ("maintenance: {file: /run/cosmicdeploy/maintenance}",)


def test_without_data_no_switch_is_needed_and_without_a_proxy_none_helps(tmp_path: Path) -> None:
    no_data = SETTINGS.replace(", database: db", "").replace("database: {name: shop}\n", "")
    assert maintenance(opened(tmp_path, World(), cosmicdeploy=no_data)).verdict is Verdict.HOLDS
    no_proxy = SETTINGS.replace(", proxy: front", "").replace(
        "maintenance: {file: /run/maintenance}\n", ""
    )
    assert maintenance(opened(tmp_path, World(), cosmicdeploy=no_proxy)).verdict is Verdict.WARNS


HEARTBEAT = "verify: {heartbeat: {path: /beat, token_variable: TOKEN, answers_with: ok}}\n"
URL = 'probe: {url: "http://front"}\n'
Send = Callable[..., Outcome]


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Return a function that runs the check; each URL is answered by its path."""
    sent: list[tuple[str, str, Any]] = []
    monkeypatch.setenv("TOKEN", "a-token")

    def check(settings: str = URL, **responses: Response) -> Outcome:
        def send(url: str, *, host: str, token: str = "", json: Any = None) -> Response:
            sent.append((url, token, json))
            return replace(responses[url.rpartition("/")[2]], url=url)

        monkeypatch.setattr(rate_limit_check, "send_request", send)
        outcome = rate_limit(opened(tmp_path, World(), cosmicdeploy=SETTINGS + settings))
        assert len(sent) <= 2, "one request, and one heartbeat"
        return outcome

    return check


OK = Response(url="", status=200)
BEAT = Response(url="", status=200, body='{"ok": true}')


def allowing(limit: str, response: Response = OK) -> Response:
    return replace(response, headers={"X-RateLimit-Limit": limit})


def test_requests_that_nothing_limits_hold(limited: Send) -> None:
    outcome = limited(URL + HEARTBEAT, health=OK, beat=BEAT)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.found == "no 429 from http://front/health; no 429 from http://front/beat"


def test_a_429_on_the_token_would_undo_the_deploy(limited: Send) -> None:
    refused = Response(url="", status=429, headers={"Retry-After": "30"})
    [flaw] = limited(URL + HEARTBEAT, health=OK, beat=refused).flaws
    assert flaw.loses == "it is undone if all of its heartbeats are refused"
    assert "answers 429" in flaw.why and flaw.lines == ("probe: {heartbeat_rate: 0.1}",)


@pytest.mark.parametrize(
    ("limit", "fails"), [("1200", False), ("60", True), ("60, 60;w=60", True), ("many", False)]
)
def test_a_limit_below_the_rate_of_a_deploy_is_told_beforehand(
    limited: Send, limit: str, fails: bool
) -> None:
    outcome = limited(health=allowing(limit))
    assert bool(outcome.flaws) is fails
    if fails:
        assert "allows 60 requests, usually per minute, and a deploy sends 1200" in str(outcome)
        assert outcome.flaws[0].lines == ("probe: {rate: 0.5}",)


def test_the_heartbeats_of_each_replica_count(limited: Send) -> None:
    """12 by the rate, one for each of two replicas, and some more."""
    assert not limited(URL + HEARTBEAT, health=OK, beat=allowing("17", BEAT)).flaws


def test_a_limit_that_refuses_some_heartbeats_costs_time(limited: Send) -> None:
    [flaw] = limited(URL + HEARTBEAT, health=OK, beat=allowing("16", BEAT)).flaws
    assert flaw.stake == "time" and "a deploy sends 17" in flaw.why


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (Response(url="", status=401), "does not know the token in TOKEN"),
        (Response(url="", status=422), "422"),
        (OK, "without ok"),
    ],
)
def test_a_heartbeat_that_is_not_accepted_would_undo_the_deploy(
    limited: Send, response: Response, why: str
) -> None:
    [flaw] = limited(URL + HEARTBEAT, health=OK, beat=response).flaws
    assert flaw.stake == "deploy" and why in flaw.why


def test_a_token_that_is_not_set_is_told_without_a_heartbeat(
    limited: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN")
    [flaw] = limited(URL + HEARTBEAT, health=OK).flaws
    assert "The variable TOKEN is not set" in flaw.why


def test_a_stack_that_does_not_answer_is_not_checked(limited: Send) -> None:
    refused = Response(url="", error="connection refused")
    outcome = limited(URL + HEARTBEAT, health=refused, beat=refused)
    assert outcome.verdict is Verdict.NOT_CHECKED and len(outcome.unchecked) == 2


def test_a_proxy_that_does_not_run_is_not_checked(limited: Send) -> None:
    assert "The container of front does not exist" in str(limited("").unchecked)

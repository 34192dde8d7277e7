"""Behind HAProxy, Traefik and Caddy a release loses no request, even if replicas die at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy import load_balancer, out_of_service
from tests.stack.layouts.load import load
from tests.stack.stacks.behind_proxies.caddy import FLAGS, BehindCaddy
from tests.stack.stacks.behind_proxies.haproxy import BehindHAProxy, HAProxyTemplate
from tests.stack.stacks.behind_proxies.proxied import Proxied
from tests.stack.stacks.behind_proxies.traefik import HOST, BehindTraefik
from tests.stack.stacks.one_app import stack_of_kind

pytestmark = [pytest.mark.stack, pytest.mark.torture]

# The second command keeps the shell from replacing itself by the server, so that the server never
# gets the stop signal: without a drain, its requests in flight are cut off.
DEAF = ["sh", "-c", "python3 /server.py; exit 1"]


class Deaf(Proxied):
    """Replicas that ignore their stop signal."""

    def app_keys(self) -> dict[str, object]:
        return {**super().app_keys(), "command": DEAF, "stop_grace_period": "8s"}


class DeafBehindHAProxy(Deaf, BehindHAProxy):
    pass


class DeafInTemplate(Deaf, HAProxyTemplate):
    pass


class DeafBehindTraefik(Deaf, BehindTraefik):
    pass


class DeafBehindCaddy(Deaf, BehindCaddy):
    pass


SLOW, RUNS = "/dev/shm/slow", "/dev/shm/runs"


class SlowBehindTraefik(BehindTraefik):
    """Replicas whose own health check takes too long while a file exists."""

    def app_keys(self) -> dict[str, object]:
        check = f"test ! -e {SLOW} || {{ echo run >>{RUNS}; sleep 60; }}"
        own = {"test": ["CMD-SHELL", check], "interval": "1s", "timeout": "2s", "retries": 3}
        return {**super().app_keys(), "healthcheck": own}


KINDS = {
    "HAProxy": DeafBehindHAProxy,
    "HAProxy, one replica": lambda folder: DeafBehindHAProxy(folder, apps=("app",)),
    "HAProxy, slots": lambda folder: DeafInTemplate(folder, apps=("app",)),
    "Traefik": lambda folder: DeafBehindTraefik(folder, apps=("app",)),
    "Traefik, one replica": lambda folder: DeafBehindTraefik(folder, apps=("app",), replicas=1),
    "Caddy": lambda folder: DeafBehindCaddy(folder, more=FLAGS),
}


@pytest.fixture(params=KINDS)
def up(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxied]:
    with stack_of_kind(tmp_path, KINDS[request.param]) as stack:
        done = stack.cli("up")
        assert done.code == 0, done.stderr
        yield stack


def test_replicas_that_ignore_their_stop_signal_lose_nothing(up: Proxied) -> None:
    assert load_balancer(up.open()).name in KINDS.keys() | {"HAProxy", "Traefik", "Caddy"}
    up.write(release="2")
    with load(up) as counted:
        done = up.cli("deploy", "--json")
    assert done.code == 0, done.report["error"]
    assert counted.sent > 100 and not counted.failures, counted.failures[:5]
    assert up.answering_releases(12) == {"2"}
    assert out_of_service(up.open()) == []
    verified = up.cli("verify", "--only", "proxy", "--json")
    assert verified.code == 0, verified.stdout


def test_compose_sees_no_difference_after_a_deploy(up: Proxied) -> None:
    up.write(release="2")
    assert up.cli("deploy").code == 0
    before = up.ids()
    up.compose("up", "-d")
    assert up.ids() == before
    again = up.cli("deploy", "--json")
    assert again.code == 0 and up.ids() == before, again.stdout


def test_a_release_with_other_routes_is_replaced_in_an_announced_gap(tmp_path: Path) -> None:
    with stack_of_kind(tmp_path, lambda folder: BehindTraefik(folder, apps=("app",))) as stack:
        assert stack.cli("up").code == 0
        stack.set_rule(f"Host(`{HOST}`) && Method(`GET`)")
        stack.write(release="2")
        plan = stack.cli("deploy", "--plan", "--json")
        [rollout] = [step for step in plan.report["steps"] if step["kind"] == "rollout"]
        assert {gap["service"] for gap in rollout["facts"]["gaps"]} == {"app.1", "app.2"}
        assert "give it a new name" in plan.reason("rollout")
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.report["error"]
        assert done.report["gaps"] and not done.report["requests"]["broken"]
        assert stack.answering_releases(12) == {"2"}


def test_requests_that_lack_the_host_name_are_said_before_a_deploy(tmp_path: Path) -> None:
    with stack_of_kind(tmp_path, lambda folder: BehindTraefik(folder, apps=("app",))) as stack:
        assert stack.cli("up").code == 0
        settings = stack.folder / "cosmicdeploy.yaml"
        settings.write_text(settings.read_text().replace(f"probe: {{host: {HOST}}}\n", ""))
        for command in ("doctor", "verify"):
            done = stack.cli(command, "--json")
            assert done.code != 0 and f"probe.host: {HOST}" in done.stdout


def test_a_changed_caddyfile_is_loaded(tmp_path: Path) -> None:
    with stack_of_kind(tmp_path, BehindCaddy) as stack:
        assert stack.cli("up").code == 0
        before = stack.ids()["caddy"]
        text = stack.configuration().replace("fail_duration 1s", "fail_duration 2s")
        stack.write_configuration(text)
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.report["error"]
        assert "reload caddy" in done.reason("reload") and stack.ids()["caddy"] == before
        again = stack.cli("deploy", "--plan", "--json")
        assert "has loaded its present configuration" in again.reason("reload")


def test_a_check_that_takes_too_long_has_to_do_so_as_often_as_it_may_fail(tmp_path: Path) -> None:
    def one(folder: Path) -> Proxied:
        return SlowBehindTraefik(folder, apps=("app",), replicas=1)

    with stack_of_kind(tmp_path, one) as stack:
        assert stack.cli("up").code == 0
        ctx = stack.open()
        app = ctx.running("app")

        def health() -> str:
            now = ctx.engine.container(app.id)
            return now.health if now is not None else ""

        def wait_for(wanted: str) -> None:
            assert poll(health, until=lambda now: now == wanted, every=0.2, within=30) == wanted

        def runs() -> int:
            return len(ctx.engine.exec(app.id, ["cat", RUNS]).text.splitlines())

        wait_for("healthy")
        ctx.engine.exec(app.id, ["touch", RUNS, SLOW])
        assert poll(runs, until=lambda count: count >= 2, every=0.1, within=30) == 2
        assert health() == "healthy", "the check has taken too long once"
        wait_for("unhealthy")
        ctx.engine.exec(app.id, ["rm", SLOW])
        wait_for("healthy")
        assert not any("sleep 60" in each.command for each in ctx.engine.processes(app.id))

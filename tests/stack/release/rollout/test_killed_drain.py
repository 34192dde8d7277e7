"""kill -9 while the last old replica is drained: it serves again before the new one goes away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy import out_of_service
from cosmicdeploy.proxy.haproxy.process import find_haproxy
from cosmicdeploy.proxy.haproxy.runtime import read_servers, set_state
from tests.stack.layouts.load import load
from tests.stack.stacks.behind_proxies.caddy import FLAGS, BehindCaddy
from tests.stack.stacks.behind_proxies.haproxy import BehindHAProxy, HAProxyTemplate
from tests.stack.stacks.behind_proxies.proxied import DRAIN_FILE, Proxied
from tests.stack.stacks.behind_proxies.traefik import BehindTraefik
from tests.stack.stacks.one_app import stack_of_kind

pytestmark = [pytest.mark.stack, pytest.mark.torture]

KINDS = {
    "HAProxy": BehindHAProxy,
    "Traefik": lambda folder: BehindTraefik(folder, apps=("app",)),
    "Caddy, flag files": lambda folder: BehindCaddy(folder, more=FLAGS),
    "Caddy, drain files": lambda folder: BehindCaddy(folder, more=DRAIN_FILE),
}


class StartedFirst(Proxied):
    """One replica whose candidate starts before it stops; its requests in flight take a second."""

    def app_keys(self) -> dict[str, object]:
        return {**super().app_keys(), "stop_grace_period": "8s"}


class SlotsStartedFirst(StartedFirst, HAProxyTemplate):
    def app_keys(self) -> dict[str, object]:
        return {**super().app_keys(), "deploy": {"replicas": 1}}


class RoutedStartedFirst(StartedFirst, BehindTraefik):
    pass


# Of a single replica, the order is start-first.
STARTED_FIRST = {
    "HAProxy, slots": lambda folder: SlotsStartedFirst(folder, apps=("app",)),
    "Traefik": lambda folder: RoutedStartedFirst(folder, apps=("app",), replicas=1),
}
# The second batch is the second of two replicas: the first one has its new container.
BATCH = "2"


def kill(stack: Proxied, place: str) -> None:
    """Deploy release 2, and kill the deploy at this place of `processes.killed_drained`."""
    stack.write(release="2")
    module = "tests.stack.support.processes.killed_drained"
    process = stack.start(place, "deploy", module=module)
    output = process.communicate(timeout=300)
    assert process.wait() == -signal.SIGKILL, output


@pytest.fixture(params=KINDS)
def killed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxied]:
    """Release 2 in the first replica; the second one has release 1 and gets no requests."""
    with stack_of_kind(tmp_path, KINDS[request.param]) as stack:
        done = stack.cli("up")
        assert done.code == 0, done.stderr
        kill(stack, BATCH)
        assert len(out_of_service(stack.open())) == 1
        assert stack.answering_releases(6) == {"2"}
        yield stack


@pytest.mark.fault("kill -9 while a replica is drained, then deploy --abort")
def test_the_undo_loses_no_request(killed: Proxied) -> None:
    with load(killed) as counted:
        undone = killed.cli("deploy", "--abort", "--json")
    assert undone.code == 0, undone.stderr
    assert counted.sent > 20 and not counted.failures, counted.failures[:5]
    assert killed.answering_releases(12) == {"1"}
    assert out_of_service(killed.open()) == []


@pytest.mark.fault("kill -9 while a replica is drained, then deploy")
def test_the_resumed_deploy_loses_no_request(killed: Proxied) -> None:
    with load(killed) as counted:
        done = killed.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert counted.sent > 20 and not counted.failures, counted.failures[:5]
    assert killed.answering_releases(12) == {"2"}
    assert out_of_service(killed.open()) == []


@pytest.mark.fault("kill -9 while the candidate already gets requests, then deploy")
@pytest.mark.parametrize("kind", ["HAProxy, slots", "Traefik"])
def test_a_candidate_that_gets_requests_is_drained_before_it_goes(
    tmp_path: Path, kind: str
) -> None:
    with stack_of_kind(tmp_path, STARTED_FIRST[kind]) as stack:
        assert stack.cli("up").code == 0
        # The candidate is ready when the deploy dies, right before it would get its name.
        kill(stack, "promote")
        sees = partial(stack.answering_releases, 6)
        assert "2" in poll(sees, until=lambda found: "2" in found, every=0.5, within=30)
        with load(stack) as counted:
            done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stderr
        assert counted.sent > 20 and not counted.failures, counted.failures[:5]
        assert stack.answering_releases(12) == {"2"}
        assert out_of_service(stack.open()) == []


@pytest.mark.fault("kill -9 while a replica is drained and another one is in maintenance")
def test_a_server_in_maintenance_before_the_deploy_stays_so(tmp_path: Path) -> None:
    apps = ("app-1", "app-2", "app-3")
    with stack_of_kind(tmp_path, lambda folder: BehindHAProxy(folder, apps=apps)) as stack:
        assert stack.cli("up").code == 0
        haproxy = find_haproxy(stack.open())
        assert haproxy is not None
        set_state(stack.open(), haproxy, "app/app-3", "maint")
        kill(stack, "1")
        assert out_of_service(stack.open()) == ["app-1"]
        undone = stack.cli("deploy", "--abort", "--json")
        assert undone.code == 0, undone.stderr
        states = {s.path: s.gets_requests for s in read_servers(stack.open(), haproxy)}
        assert states == {"app/app-1": True, "app/app-2": True, "app/app-3": False}

"""kill -9 while the last old replica is drained: it serves again before the new one goes away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.proxy import out_of_service
from tests.stack.layouts.load import load
from tests.stack.stacks.behind_proxies.caddy import FLAGS, BehindCaddy
from tests.stack.stacks.behind_proxies.haproxy import BehindHAProxy
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
# The second batch is the second of two replicas: the first one has its new container.
BATCH = "2"


@pytest.fixture(params=KINDS)
def killed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxied]:
    """Release 2 in the first replica; the second one has release 1 and gets no requests."""
    with stack_of_kind(tmp_path, KINDS[request.param]) as stack:
        done = stack.cli("up")
        assert done.code == 0, done.stderr
        stack.write(release="2")
        module = "tests.stack.support.processes.killed_drained"
        process = stack.start(BATCH, "deploy", module=module)
        output = process.communicate(timeout=300)
        assert process.wait() == -signal.SIGKILL, output
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

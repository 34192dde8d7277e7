"""Applications that share ports: replicas with a range of ports, and one in the host's network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from cosmicdeploy.probes.http import send_request
from tests.stack.stacks.changing import free_port
from tests.stack.stacks.one_app import OneApp, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE
from tests.stack.support.network.registry import free_ports

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Keyed(OneApp):
    """The application, declared with further keys in the compose file."""

    def declare(self, release: str, *, port: int = 8000, **keys: Any) -> None:
        """Write the files for this release; the application listens on `port`."""
        self.write(release)
        file = self.folder / COMPOSE_FILE
        app = yaml.safe_load(file.read_text())["services"]["app"]
        app = {key: value for key, value in {**app, **keys}.items() if value is not None}
        file.write_text(yaml.safe_dump({"services": {"app": app}}))
        (self.folder / ".dockerignore").write_text("*\n!server.py\n")
        for name in ("server.py", "cosmicdeploy.yaml"):
            path = self.folder / name
            path.write_text(path.read_text().replace("8000", str(port)))


def test_each_replica_gets_one_port_of_a_range(tmp_path_factory: pytest.TempPathFactory) -> None:
    first = free_ports(4)
    ports = [f"127.0.0.1:{first}-{first + 3}:8000"]
    with stack_of_kind(tmp_path_factory.mktemp("ranged"), Keyed) as stack:
        stack.declare("1", deploy={"replicas": 2}, ports=ports)
        up = stack.cli("up", "--json")
        assert up.code == 0, up.stdout
        for release in ("1", "2"):
            stack.declare(release, deploy={"replicas": 2}, ports=ports)
            done = stack.cli("deploy", "--json")
            assert done.code == 0, done.stdout
            containers = stack.open().engine.containers(stack.project)
            published = {each.published[8000][1] for each in containers}
            assert len(published) == 2 and published <= set(range(first, first + 4))
            answers = {
                send_request(f"http://127.0.0.1:{port}/health").headers.get("X-Release")
                for port in published
            }
            assert answers == {release}
            ids = {each.name: each.id for each in containers}
            stack.compose("up", "-d")
            after = {c.name: c.id for c in stack.open().engine.containers(stack.project)}
            assert after == ids
        assert stack.cli("deploy", "--json").report["outcome"] == "unchanged"


def test_no_trial_container_takes_the_port_in_the_network_of_the_host(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    port = free_port()
    keys = {"network_mode": "host", "ports": None}
    with stack_of_kind(tmp_path_factory.mktemp("hosted"), Keyed) as stack:
        stack.declare("1", port=port, **keys)
        up = stack.cli("up", "--json")
        assert up.code == 0, up.stdout
        stack.declare("2", port=port, **keys)
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stdout
        assert "it uses the network of the host" in done.reason("trial")
        assert "it uses the network of the host" in done.reason("preflight")
        answer = send_request(f"http://127.0.0.1:{port}/health")
        assert answer.headers.get("X-Release") == "2"
        stack.declare("3-bad", port=port, **keys)
        failed = stack.cli("deploy", "--json")
        assert failed.code == 1, failed.stdout
        answer = send_request(f"http://127.0.0.1:{port}/health")
        assert answer.headers.get("X-Release") == "2", "the former container runs again"

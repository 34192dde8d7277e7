"""A Traefik whose API answers as Traefik 3.7 does; the texts were written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.engine.containers.creation.drain_check import DrainCheck
from cosmicdeploy.engine.facts import Container, HealthTimes
from cosmicdeploy.proxy.draining.drain_files import FILE
from tests.unit.proxy.engine import PROXY, container
from tests.unit.proxy.running import RunningEngine

INTERNAL = {"status": "enabled", "name": "api@internal", "provider": "internal"}
LABELS = {
    "traefik.enable": "true",
    "traefik.http.routers.app.rule": "Host(`shop.example`)",
    "traefik.http.services.app.loadbalancer.server.port": "80",
    **DrainCheck(file=FILE, port=80).label(),
}
# Those of the drain check.
DRAIN_TIMES = HealthTimes(interval=5, timeout=60, retries=1, start_period=180)


def routed(number: int, name: str = "", **more: Any) -> Container:
    """Return a healthy replica with Traefik's labels and the drain check."""
    fields = {"health": "healthy", "labels": LABELS, "health_times": DRAIN_TIMES, **more}
    return container(name or f"app-{number}", f"172.20.0.{number}", **fields)


@dataclass
class FakeTraefik:
    """Traefik in front of the containers of an engine.

    `late` is after how many further requests to the API Traefik applies a change. `obeys` says
    whether the engine notices drain files.
    """

    engine: RunningEngine = field(init=False)
    has_api: bool = True
    obeys: bool = True
    late: int = 2
    drained: set[str] = field(default_factory=set)
    listed: list[str] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        apps = {f"app-{n}": routed(n) for n in (1, 2, 3)}
        self.engine = RunningEngine({**apps, "proxy": container("proxy", PROXY)}, self.answer)
        self.engine.program, self.engine.in_replica = "traefik", self.in_replica
        self.listed = self._healthy()

    def answer(self, argv: Sequence[str]) -> str | int:
        """Answer a command in Traefik's container: a request to its API."""
        if not self.has_api:
            return 1
        if argv[-1].startswith("/api/tcp/"):
            return "[]"
        self.asked += 1
        if self.asked % (self.late + 1) == 0:
            self.listed = self._healthy()
        servers = [{"url": f"http://{address}:80"} for address in self.listed]
        service = {
            "loadBalancer": {"servers": servers, "strategy": "wrr", "passHostHeader": True},
            "status": "enabled",
            "usedBy": ["app@docker"],
            "name": "app@docker",
            "provider": "docker",
            "type": "loadbalancer",
            "serverStatus": {server["url"]: "UP" for server in servers},
        }
        return json.dumps([INTERNAL, service] if servers else [INTERNAL])

    def in_replica(self, container_id: str, argv: Sequence[str]) -> str | int:
        """Answer a command in a replica: about its drain file, or its connections."""
        script = argv[2] if argv[:2] == ["sh", "-c"] else ""
        if script.startswith("touch"):
            self.drained.add(container_id)
        elif script.startswith("rm"):
            self.drained.discard(container_id)
        elif script.startswith("test -e"):
            return "" if container_id in self.drained else 1
        elif argv[0] == "cat":
            return "  sl  local_address rem_address   st\n"
        self._apply_health()
        return ""

    def _apply_health(self) -> None:
        for name, each in self.engine.by_name.items():
            if each.labels and self.obeys:
                health = "unhealthy" if each.id in self.drained else "healthy"
                self.engine.by_name[name] = replace(each, health=health)

    def _healthy(self) -> list[str]:
        return [
            address
            for each in self.engine.by_name.values()
            if each.labels and each.is_ready
            for address in each.addresses.values()
        ]

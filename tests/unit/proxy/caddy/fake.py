"""A Caddy whose program and admin endpoint answer as Caddy 2.11 does; texts written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.unit.proxy.running import RunningEngine, replicas

SECOND = 1_000_000_000
OUT = "/run/cosmicdeploy/out"


def reverse_proxy(*dials: str, **more: Any) -> dict[str, Any]:
    """Return a handler with another try for 5 s, and a failed upstream skipped for 2 s."""
    return {
        "handler": "reverse_proxy",
        "load_balancing": {"try_duration": 5 * SECOND, "try_interval": SECOND // 10},
        "health_checks": {"passive": {"fail_duration": 2 * SECOND}},
        "transport": {"protocol": "http", "dial_timeout": SECOND // 2},
        "upstreams": [{"dial": dial} for dial in dials],
        **more,
    }


def active(**more: Any) -> dict[str, Any]:
    """Return health checks by Caddy's own requests: noticed within 0.9 s."""
    check = {"uri": "/health", "interval": SECOND // 2, "timeout": SECOND * 4 // 10, **more}
    return {"health_checks": {"active": check}}


def flagged(name: str, handler: dict[str, Any]) -> dict[str, Any]:
    """Return a route for while the flag file of a replica exists."""
    matcher = {"file": {"root": OUT, "try_files": [f"/{name}"]}}
    return {"match": [matcher], "handle": [handler]}


def configuration(*routes: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with these routes in a subroute, as a Caddyfile gets them."""
    inner = {"handler": "subroute", "routes": list(routes)}
    server = {"listen": [":80"], "routes": [{"handle": [inner], "terminal": True}]}
    return {
        "admin": {"listen": "localhost:2019"},
        "apps": {"http": {"servers": {"srv0": server}}},
    }


THREE = reverse_proxy("app-1:80", "app-2:80", "app-3:80")
PLAIN = configuration({"handle": [THREE]})


@dataclass
class FakeCaddy:
    """`file` is the configuration of the files, and `running` the one with which Caddy runs."""

    file: Any = field(default_factory=lambda: PLAIN)
    running: Any = None
    has_admin: bool = True
    refuses: str = ""
    in_flight: dict[str, int] = field(default_factory=dict)
    engine: RunningEngine = field(init=False)
    reloads: int = 0

    def __post_init__(self) -> None:
        self.running = self.running or self.file
        self.engine = RunningEngine(replicas(), self.answer)
        self.engine.program = "caddy"
        self.engine.arguments = (
            *("caddy", "run", "--config", "/etc/caddy/Caddyfile"),
            *("--adapter", "caddyfile"),
        )

    def answer(self, argv: Sequence[str]) -> str | int:
        if argv[0] == "caddy":
            return self._program(argv[1])
        if not self.has_admin:
            return 1
        if argv[-1] == "/config/":
            return json.dumps(self.running)
        if argv[-1] == "/reverse_proxy/upstreams":
            return json.dumps(self._upstreams())
        return ""

    def _program(self, command: str) -> str | int:
        if self.refuses and command in ("adapt", "validate"):
            return 1
        if command == "reload":
            self.running, self.reloads = self.file, self.reloads + 1
        return json.dumps(self.file) if command == "adapt" else ""

    def _upstreams(self) -> list[dict[str, Any]]:
        rows = []
        for address, count in self.in_flight.items():
            rows.append({"address": address, "num_requests": count, "fails": 0})
            self.in_flight[address] = max(0, count - 1)
        return rows

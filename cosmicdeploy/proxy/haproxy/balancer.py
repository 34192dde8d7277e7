"""HAProxy as a `LoadBalancer`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.findings import Inspection
from cosmicdeploy.proxy.haproxy.check import check, inspect
from cosmicdeploy.proxy.haproxy.configuration import socket_of
from cosmicdeploy.proxy.haproxy.process import find_haproxy
from cosmicdeploy.proxy.haproxy.reading import read_haproxy
from cosmicdeploy.proxy.haproxy.replicas import declared_backends, taken_out
from cosmicdeploy.proxy.haproxy.runtime import Server, number, read_servers, read_stats, set_state
from cosmicdeploy.proxy.haproxy.traffic import HAProxyTraffic
from cosmicdeploy.proxy.kept_out import kept_out
from cosmicdeploy.proxy.load_balancer import MaintenanceSwitch, Traffic
from cosmicdeploy.proxy.none.balancers import OtherBalancer, no_maintenance_switch
from cosmicdeploy.proxy.replicas import replica_hosts

# HAProxy's own words for its columns in `show stat`.
COUNTERS = {
    "responses 5xx": "hrsp_5xx",
    "connection errors": "econ",
    "response errors": "eresp",
    "retries": "wretr",
    "redispatches": "wredis",
}


class HAProxyBalancer(OtherBalancer):
    """The `LoadBalancer` HAProxy."""

    # HAProxy writes nothing.
    shares_volumes = True

    @property
    def name(self) -> str:
        return "HAProxy"

    @property
    def page(self) -> str:
        return "docs/haproxy.md"

    @property
    def drains_by(self) -> str:
        return "a runtime socket with level admin"

    def check(self) -> CheckResult:
        return check(self._ctx)

    def inspect(self) -> Inspection:
        return inspect(self._ctx)

    def drains(self, service: str) -> bool:
        sections = read_haproxy(self._ctx).sections
        is_known = service in declared_backends(sections, replica_hosts(self._ctx))
        return is_known and bool(socket_of(sections, only_admin=True))

    def looks_for(self, file: str) -> bool:
        return False

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        return no_maintenance_switch(self.name)

    def failures(self) -> Mapping[str, int]:
        haproxy = find_haproxy(self._ctx)
        rows = read_stats(self._ctx, haproxy) if haproxy is not None else []
        return {
            what: sum(number(row.get(key)) for row in rows if row.get("svname") == "BACKEND")
            for what, key in COUNTERS.items()
        }

    def traffic(self) -> Traffic:
        return HAProxyTraffic(self._ctx)

    def out_of_service(self) -> list[str]:
        try:
            return list(self._taken_out(kept_out(self._ctx)))
        except EngineUnavailable:
            raise
        except (ConfigError, EngineError):
            return []  # without the runtime socket, no run took a replica out

    def servers_out(self) -> list[str]:
        return [server.path for own in self._taken_out().values() for server in own]

    def put_in_service(self, service: str) -> None:
        if (haproxy := find_haproxy(self._ctx)) is None:
            return
        for server in self._taken_out(kept_out(self._ctx)).get(service, ()):
            set_state(self._ctx, haproxy, server.path, "ready")

    def _taken_out(self, kept: Collection[str] = ()) -> Mapping[str, Sequence[Server]]:
        """Return the servers that are out of service, by replica; leave out those in `kept`."""
        if (haproxy := find_haproxy(self._ctx)) is None:
            return {}
        servers = read_servers(self._ctx, haproxy)
        return taken_out(self._ctx, haproxy, [s for s in servers if s.path not in kept])

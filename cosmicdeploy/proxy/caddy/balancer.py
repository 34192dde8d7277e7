"""Caddy as a `LoadBalancer`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from posixpath import basename, dirname

from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.admin.http import get
from cosmicdeploy.proxy.admin.metrics import server_errors
from cosmicdeploy.proxy.caddy.check import check, inspect
from cosmicdeploy.proxy.caddy.files import CaddyConfiguration
from cosmicdeploy.proxy.caddy.process import admin_of, find_caddy
from cosmicdeploy.proxy.caddy.reading import read_caddy
from cosmicdeploy.proxy.caddy.routes import checked_files
from cosmicdeploy.proxy.caddy.traffic import CaddyTraffic, can_be_taken_out, describe_waits
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.draining.drained_traffic import containers_of, remove_if_running
from cosmicdeploy.proxy.findings import Inspection
from cosmicdeploy.proxy.load_balancer import Configuration, MaintenanceSwitch, Traffic
from cosmicdeploy.proxy.none.balancers import OtherBalancer

# Where Caddy shows its metrics; those of requests are there if the Caddyfile has `metrics`.
METRICS = "/metrics"


class CaddyBalancer(OtherBalancer):
    """The `LoadBalancer` Caddy."""

    # Caddy writes certificates.
    shares_volumes = False

    @property
    def name(self) -> str:
        return "Caddy"

    @property
    def page(self) -> str:
        return "docs/caddy.md"

    @property
    def drains_by(self) -> str:
        return "`proxy.out_of_service` or `proxy.drain_file`"

    def check(self) -> CheckResult:
        return check(self._ctx)

    def inspect(self) -> Inspection:
        return inspect(self._ctx)

    def drains(self, service: str) -> bool:
        return can_be_taken_out(self._ctx, read_caddy(self._ctx).configuration, service)

    def looks_for(self, file: str) -> bool:
        return file in checked_files(read_caddy(self._ctx).configuration)

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        return MaintenanceSwitch(
            todo="write these into the site of the Caddyfile, before its `reverse_proxy`",
            lines=(
                "@maintenance file {",
                f"    root {dirname(file)}",
                f"    try_files /{basename(file)}",
                "}",
                "handle @maintenance {",
                "    header Retry-After 5",
                "    respond 503",
                "}",
            ),
        )

    def describe_waits(self, replicas: Collection[str]) -> str:
        return describe_waits(self._ctx, list(replicas))

    def failures(self) -> Mapping[str, int]:
        caddy = find_caddy(self._ctx)
        admin = admin_of(caddy.container, caddy.configuration) if caddy else None
        if caddy is None or admin is None:
            return {}
        text = get(self._ctx, caddy.container, admin.host, admin.port, METRICS)
        count = server_errors(text or "", "caddy_http_response_duration_seconds_count")
        return {} if count is None else {"responses 5xx": count}

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        traffic = CaddyTraffic(self._ctx)
        left = [
            name
            for name in self._ctx.settings.services.app
            if name in replaced and not traffic.knows_how_to_take_out(name)
        ]
        if not left:
            return []
        return [
            f"Caddy finds out by itself that {', '.join(left)} stopped, and tries another replica:"
            " requests in flight are cut off if the container ignores its stop signal"
            " (docs/caddy.md)"
        ]

    def traffic(self) -> Traffic:
        return CaddyTraffic(self._ctx)

    def out_of_service(self) -> list[str]:
        flagged = super().out_of_service()
        drained = [
            name
            for name in self._ctx.settings.services.app
            if any(drain_files.exists(self._ctx, each) for each in containers_of(self._ctx, name))
        ]
        return list(dict.fromkeys((*flagged, *drained)))

    def put_in_service(self, service: str) -> None:
        super().put_in_service(service)
        for container in containers_of(self._ctx, service):
            if file := drain_files.drain_file(self._ctx, container):
                remove_if_running(self._ctx, container, file)

    def configuration(self) -> Configuration | None:
        caddy = find_caddy(self._ctx)
        if caddy is None or caddy.running is None or not caddy.file:
            return None
        return CaddyConfiguration(self._ctx, caddy)

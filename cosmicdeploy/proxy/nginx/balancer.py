"""nginx as a `LoadBalancer`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.draining.flags import flagged, unflag
from cosmicdeploy.proxy.findings import Inspection
from cosmicdeploy.proxy.load_balancer import Configuration, MaintenanceSwitch, Traffic
from cosmicdeploy.proxy.nginx.configuration import tests_file
from cosmicdeploy.proxy.nginx.flaws.check import check, inspect
from cosmicdeploy.proxy.nginx.loaded import NginxConfiguration
from cosmicdeploy.proxy.nginx.reading import read_nginx
from cosmicdeploy.proxy.nginx.server import find_nginx
from cosmicdeploy.proxy.nginx.traffic.drain import is_drainable
from cosmicdeploy.proxy.nginx.traffic.moves import may_need_reload
from cosmicdeploy.proxy.nginx.traffic.stale_names import reload_if_older
from cosmicdeploy.proxy.nginx.traffic.traffic import NginxTraffic
from cosmicdeploy.proxy.nginx.traffic.waits import describe_waits
from cosmicdeploy.stack.model import Service


class NginxBalancer:
    """The `LoadBalancer` nginx."""

    name = "nginx"
    page = "docs/nginx.md"
    drains_by = "`proxy.out_of_service`"
    # nginx writes only caches and logs.
    shares_volumes = True

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def check(self) -> CheckResult:
        return check(self._ctx)

    def inspect(self) -> Inspection:
        return inspect(self._ctx)

    def drains(self, service: str) -> bool:
        if self._ctx.settings.proxy.out_of_service is None:
            return False
        return is_drainable(self._ctx, read_nginx(self._ctx).tree, service)

    def looks_for(self, file: str) -> bool:
        return tests_file(read_nginx(self._ctx).tree, file)

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        return MaintenanceSwitch(
            todo="write these into nginx's configuration (each location with a `proxy_pass` gets"
            " the first one)",
            lines=(
                f"if (-f {file}) {{ return 503; }}",
                "error_page 503 = @maintenance;",
                "location @maintenance { add_header Retry-After 5 always; return 503; }",
            ),
        )

    def describe_waits(self, replicas: Collection[str]) -> str:
        return describe_waits(self._ctx, replicas)

    def may_need_reload(self, replicas: Iterable[str]) -> list[str]:
        return may_need_reload(self._ctx, replicas)

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        return []

    def conflicts(self, replaced: Collection[str]) -> Mapping[str, str]:
        return {}

    def failures(self) -> Mapping[str, int]:
        return {}  # its access log has them

    def candidate_labels(self, service: Service) -> Mapping[str, str]:
        return {}

    def traffic(self) -> Traffic:
        return NginxTraffic(self._ctx)

    def out_of_service(self) -> list[str]:
        return flagged(self._ctx)

    def servers_out(self) -> list[str]:
        return []  # flag files take replicas out; servers have no state that an operator sets

    def put_in_service(self, service: str) -> None:
        unflag(self._ctx, service)

    def reload_if_older(self) -> bool:
        return reload_if_older(self._ctx)

    def configuration(self) -> Configuration | None:
        nginx = find_nginx(self._ctx)
        return NginxConfiguration(self._ctx, nginx) if nginx else None

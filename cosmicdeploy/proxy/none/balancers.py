"""`LoadBalancer` where there is nothing to control."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, proxy_is_stopped
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.draining.flags import flagged, unflag
from cosmicdeploy.proxy.findings import Finding, Inspection
from cosmicdeploy.proxy.load_balancer import (
    Configuration,
    LoadBalancer,
    MaintenanceSwitch,
    Traffic,
)
from cosmicdeploy.proxy.none.traffic import DirectTraffic
from cosmicdeploy.proxy.traffic import ObservedTraffic
from cosmicdeploy.stack.model import Service


def no_maintenance_switch(name: str) -> MaintenanceSwitch:
    """Return the switch of a load balancer that cannot look for a file."""
    return MaintenanceSwitch(
        todo=f"nothing can be written: {name} cannot look for a file. Only an nginx or a Caddy in"
        " front of the application can do that",
        is_possible=False,
    )


class NoBalancer:
    """The `LoadBalancer` of a stack that declares none."""

    shares_volumes = False

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    @property
    def name(self) -> str:
        return "no load balancer"

    @property
    def page(self) -> str:
        return "docs/proxy.md"

    @property
    def drains_by(self) -> str:
        return "a load balancer that can"

    def check(self) -> CheckResult:
        return skipped("proxy", "the stack has no load balancer")

    def inspect(self) -> Inspection:
        apps = self._ctx.settings.services.app
        findings = [
            Finding(
                name,
                "a load balancer that sends requests to another replica",
                "none (services.proxy)",
                "requests",
                todo="put one in front of the replicas (docs/proxy.md)",
                lost="those to the published port of each replica between its stop and its start",
            )
            for name in self._closed(apps)
        ]
        return Inspection(source="the stack has no proxy", known=apps, findings=findings)

    def drains(self, service: str) -> bool:
        return False

    def looks_for(self, file: str) -> bool:
        return False

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        return no_maintenance_switch(self.name)

    def describe_waits(self, replicas: Collection[str]) -> str:
        return ""

    def may_need_reload(self, replicas: Iterable[str]) -> list[str]:
        return []

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        if not (closed := self._closed(replaced)):
            return []
        return [
            "the stack declares no load balancer (services.proxy): the published port of each of"
            f" {', '.join(closed)} is closed between its stop and its start"
        ]

    def _closed(self, replaced: Collection[str]) -> list[str]:
        """Return the replicas whose published port is closed for a while in a rollout.

        Leaves out the only replica of an application.
        """
        return [
            name
            for each in self._ctx.settings.applications_with(replaced)
            if len(each.services) > 1
            for name in each.services
            if name in replaced and self._ctx.service(name).ports
        ]

    def conflicts(self, replaced: Collection[str]) -> Mapping[str, str]:
        return {}

    def failures(self) -> Mapping[str, int]:
        return {}

    def candidate_labels(self, service: Service) -> Mapping[str, str]:
        return {}

    def traffic(self) -> Traffic:
        return DirectTraffic(self._ctx)

    def out_of_service(self) -> list[str]:
        return []

    def servers_out(self) -> list[str]:
        return []

    def put_in_service(self, service: str) -> None:
        pass

    def reload_if_older(self) -> bool:
        return False

    def configuration(self) -> Configuration | None:
        return None


class OtherBalancer(NoBalancer):
    """A load balancer that the deployer does not know, or that does not run.

    `declared` returns the one that will run, as far as the compose file shows.
    """

    def __init__(
        self, ctx: Context, declared: Callable[[], LoadBalancer | None] = lambda: None
    ) -> None:
        super().__init__(ctx)
        self._declared = declared

    @property
    def name(self) -> str:
        return declared.name if (declared := self._declared()) else "the proxy"

    @property
    def page(self) -> str:
        return declared.page if (declared := self._declared()) else super().page

    @property
    def drains_by(self) -> str:
        return declared.drains_by if (declared := self._declared()) else super().drains_by

    def check(self) -> CheckResult:
        if proxy_is_stopped(self._ctx):
            return skipped("proxy", f"the proxy is stopped, and {UNTIL_RESUME}")
        return skipped(
            "proxy", "the proxy is not nginx, HAProxy, Traefik or Caddy, or does not run"
        )

    def inspect(self) -> Inspection:
        return self._require_declared().inspect()

    def drains(self, service: str) -> bool:
        return self._require_declared().drains(service)

    def looks_for(self, file: str) -> bool:
        return self._require_declared().looks_for(file)

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        if (declared := self._declared()) is not None:
            return declared.maintenance_switch(file)
        return MaintenanceSwitch(
            todo="let the proxy answer 503 with Retry-After while a file exists"
        )

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        return []

    def candidate_labels(self, service: Service) -> Mapping[str, str]:
        declared = self._declared()
        return declared.candidate_labels(service) if declared is not None else {}

    def traffic(self) -> Traffic:
        return ObservedTraffic(self._ctx)

    def out_of_service(self) -> list[str]:
        return flagged(self._ctx)

    def put_in_service(self, service: str) -> None:
        unflag(self._ctx, service)

    def _require_declared(self) -> LoadBalancer:
        """Return the load balancer that will run; raises `ProbeFailed` if nothing shows it."""
        if (declared := self._declared()) is not None:
            return declared
        raise ProbeFailed(
            f"{self._ctx.settings.services.proxy} is not nginx, HAProxy, Traefik or Caddy, whose"
            " configurations alone are read",
            where=str(self._ctx.stack.file),
            todo="the requests of each deploy show what it loses: `cosmicdeploy deploy --plan` says"
            " how many are sent",
        )


class UnknownBalancer(OtherBalancer):
    """A load balancer that runs, and that the deployer does not know."""

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        apps = [name for name in self._ctx.settings.services.app if name in replaced]
        if not apps:
            return []
        return [
            "the deployer does not know this proxy: it can only observe whether the proxy sends"
            f" requests to {', '.join(apps)}; requests to a replica that stops fail unless the"
            " proxy repeats them (docs/proxy.md)"
        ]

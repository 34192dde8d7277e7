"""Traefik as a `LoadBalancer`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.admin.http import get
from cosmicdeploy.proxy.admin.metrics import server_errors
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.draining.drained_traffic import containers_of, remove_if_running
from cosmicdeploy.proxy.findings import Inspection
from cosmicdeploy.proxy.load_balancer import MaintenanceSwitch, Traffic
from cosmicdeploy.proxy.none.balancers import OtherBalancer, no_maintenance_switch
from cosmicdeploy.proxy.traefik.check import check, inspect, is_drained
from cosmicdeploy.proxy.traefik.labels import conflicts
from cosmicdeploy.proxy.traefik.process import find_traefik
from cosmicdeploy.proxy.traefik.reading import read_traefik
from cosmicdeploy.proxy.traefik.traffic import TraefikTraffic
from cosmicdeploy.stack.model import Service

# Where Traefik shows its metrics, if its command has `--metrics.prometheus`.
METRICS = "/metrics"


class TraefikBalancer(OtherBalancer):
    """The `LoadBalancer` Traefik."""

    # Traefik writes certificates.
    shares_volumes = False

    @property
    def name(self) -> str:
        return "Traefik"

    @property
    def page(self) -> str:
        return "docs/traefik.md"

    @property
    def drains_by(self) -> str:
        return "a health check that looks for a drain file"

    def check(self) -> CheckResult:
        return check(self._ctx)

    def inspect(self) -> Inspection:
        return inspect(self._ctx)

    def drains(self, service: str) -> bool:
        container = self._ctx.container(service)
        return read_traefik(self._ctx).reads_labels and is_drained(self._ctx, service, container)

    def looks_for(self, file: str) -> bool:
        return False

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        return no_maintenance_switch(self.name)

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        apps = [name for name in self._ctx.settings.services.app if name in replaced]
        extended = [n for n in apps if self.candidate_labels(self._ctx.service(n))]
        containers = {name: self._ctx.container(name) for name in apps}
        undrained = [
            name
            for name, each in containers.items()
            if each is not None
            and each.is_running
            and drain_files.drain_file(self._ctx, each) is None
        ]
        notes = []
        if extended:
            notes.append(
                f"the health check of each new container of {', '.join(extended)} also fails while"
                f" {drain_files.FILE} exists there, by which Traefik drains it (Compose sees no"
                " difference)"
            )
        if undrained:
            notes.append(
                f"{', '.join(undrained)} cannot be drained this time, having no such check:"
                " requests fail for some seconds after each stop, until Traefik notices it"
                " (docs/traefik.md)"
            )
        return notes

    def conflicts(self, replaced: Collection[str]) -> Mapping[str, str]:
        found = {}
        for application in self._ctx.settings.applications_with(replaced):
            running = [self._ctx.container(name) for name in application.services]
            old = [each for each in running if each is not None and each.is_running]
            for name in application.services:
                if name in replaced and (what := self._conflicts(name, old)):
                    found[name] = _described(what)
        return found

    def failures(self) -> Mapping[str, int]:
        traefik = find_traefik(self._ctx)
        text = get(self._ctx, traefik.container, *traefik.api, METRICS) if traefik else None
        count = server_errors(text or "", "traefik_service_requests_total")
        return {} if count is None else {"responses 5xx": count}

    def candidate_labels(self, service: Service) -> Mapping[str, str]:
        return drain_files.labels_with_check(self._ctx, service)

    def traffic(self) -> Traffic:
        return TraefikTraffic(self._ctx)

    def out_of_service(self) -> list[str]:
        return [
            name
            for name in self._ctx.settings.services.app
            if any(drain_files.exists(self._ctx, each) for each in containers_of(self._ctx, name))
        ]

    def put_in_service(self, service: str) -> None:
        for container in containers_of(self._ctx, service):
            if file := drain_files.drain_file(self._ctx, container):
                remove_if_running(self._ctx, container, file)

    def _conflicts(self, name: str, old: Collection[Container]) -> set[str]:
        """Return what a replica's new container defines otherwise than the running containers."""
        image = self._ctx.image_of(name)
        new = {**(image.labels if image is not None else {}), **self._ctx.service(name).labels}
        return {what for container in old for what in conflicts(container.labels, new)}


def _described(what: Collection[str]) -> str:
    names = ", ".join(sorted(what))
    return (
        f"its labels define {names} otherwise than those of the running containers, and Traefik"
        " answers 404 while both run, so all replicas are replaced together; to avoid that, give it"
        " a new name in the labels of the same release (docs/traefik.md)"
    )

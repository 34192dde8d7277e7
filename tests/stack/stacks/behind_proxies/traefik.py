"""Replicas behind Traefik, which finds them by their labels at the engine's socket."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.stack.layouts.kinds.plain import healthcheck
from tests.stack.stacks.behind_proxies.proxied import Proxied

SOCKET = "/var/run/docker.sock"
HOST = "shop.example"


@dataclass(frozen=True)
class BehindTraefik(Proxied):
    """The stack: `replicas` of one service. `rule` is that of their router.

    Traefik answers 404 to requests for another host than `HOST`, which no name server knows.
    """

    kind: ClassVar[str] = "traefik"
    image: ClassVar[str] = "TRAEFIK_IMAGE"
    target: ClassVar[str] = ""
    host: ClassVar[str] = HOST
    replicas: int = field(default=2, kw_only=True)
    rule: list[str] = field(default_factory=lambda: [f"Host(`{HOST}`)"], kw_only=True)

    def configuration(self) -> str:
        return ""

    def app_keys(self) -> dict[str, Any]:
        own = f"traefik.http.services.{self.project}.loadbalancer.server.port"
        router = f"traefik.http.routers.{self.project}"
        return {
            "deploy": {"replicas": self.replicas},
            "healthcheck": healthcheck("http://127.0.0.1:8000/drained"),
            "labels": {
                "traefik.enable": "true",
                f"{router}.rule": self.rule[0],
                f"{router}.entrypoints": "web",
                own: "8000",
            },
        }

    def proxy_keys(self) -> dict[str, Any]:
        engine = os.environ.get("DOCKER_HOST", f"unix://{SOCKET}").removeprefix("unix://")
        return {
            "command": [
                "--providers.docker=true",
                "--providers.docker.exposedbydefault=false",
                # Other stacks of the tests have a Traefik of their own.
                "--providers.docker.constraints="
                f"Label(`com.docker.compose.project`,`{self.project}`)",
                "--entrypoints.web.address=:80",
                "--api.insecure=true",
                "--accesslog=true",
            ],
            "volumes": [f"{engine}:{SOCKET}:ro"],
        }

    def set_rule(self, rule: str) -> None:
        """Change the rule of the router for the next release."""
        self.rule[0] = rule

"""Replicas behind a load balancer whose configuration is a mounted file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.stack.stacks.one_app import SETTINGS, OneApp, base_image

# A path of the replicas that no client requests fails while this file exists.
DRAIN_FILE = "proxy: {drain_file: /dev/shm/drain}\n"


@dataclass(frozen=True)
class Proxied(OneApp):
    """The stack; its replicas are the services `apps`, all of the same image.

    `kind` is the name of the load balancer's service; `image` is the variable of its image, and
    `target` the path of its configuration in its container.
    """

    kind: ClassVar[str]
    image: ClassVar[str]
    target: ClassVar[str]
    apps: Sequence[str] = field(default=("app-1", "app-2"), kw_only=True)
    # Further keys of the settings, as YAML.
    more: str = field(default="", kw_only=True)

    def files(self, release: str) -> dict[str, str]:
        roles = f"{{app: [{', '.join(self.apps)}], proxy: {self.kind}}}"
        settings = SETTINGS.replace("{app: [app]}", roles)
        settings = settings.replace("healthy_within: 3", "healthy_within: 20")
        probe = f"probe: {{host: {self.host}}}\n" if self.host else ""
        own = {"proxy.conf": text} if (text := self.configuration()) else {}
        return super().files(release) | own | {"cosmicdeploy.yaml": settings + probe + self.more}

    def configuration(self) -> str:
        """Return the load balancer's configuration; "" if it has no file."""
        raise NotImplementedError

    def compose_file(self) -> dict[str, Any]:
        app = super().compose_file()["services"]["app"]
        port = app.pop("ports")[0].replace(":8000", ":80")
        app |= {"image": f"{self.project}-app", "restart": "unless-stopped"}
        return {
            "services": {
                **{name: {**app, **self.app_keys()} for name in self.apps},
                self.kind: {
                    "image": base_image(self.image),
                    "restart": "unless-stopped",
                    "ports": [port],
                    "stop_grace_period": "1s",
                    **self.proxy_keys(),
                },
            }
        }

    def app_keys(self) -> dict[str, Any]:
        """Return further keys of each replica's service."""
        return {}

    def proxy_keys(self) -> dict[str, Any]:
        """Return further keys of the load balancer's service."""
        return {
            "volumes": [f"./proxy.conf:{self.target}:ro"],
            "depends_on": list(self.apps),
        }

    def write_configuration(self, text: str) -> None:
        """Write the load balancer's configuration in place."""
        (self.folder / "proxy.conf").write_text(text)

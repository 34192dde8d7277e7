"""A stack with one service that has three replicas; nginx resolves the service's name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stack.stacks.one_app import SETTINGS, OneApp, base_image, stack_of_kind

REPLICAS = 3
NGINX = """\
resolver 127.0.0.11 {valid} ipv6=off;

server {
    listen 80;
    set $app app;

    location / {
        proxy_pass http://$app:8000;
        proxy_connect_timeout 500ms;
        proxy_next_upstream error timeout;
        proxy_next_upstream_tries 3;
    }
}
"""


@dataclass(frozen=True)
class Replicated(OneApp):
    """The stack; its replicas have neither their own names in the compose file nor fixed addresses.

    `valid` is an option of nginx's resolver: for how long nginx uses an answer.
    """

    valid: str = field(default="valid=1s", kw_only=True)

    def files(self, release: str) -> dict[str, str]:
        settings = SETTINGS.replace("{app: [app]}", "{app: [app], proxy: nginx}")
        conf = NGINX.replace("{valid}", self.valid)
        return super().files(release) | {"nginx.conf": conf, "cosmicdeploy.yaml": settings}

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        app = compose["services"]["app"]
        nginx = {
            "image": base_image("NGINX_IMAGE"),
            "ports": [app.pop("ports")[0].replace(":8000", ":80")],
            "volumes": ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"],
            "depends_on": ["app"],
            "stop_grace_period": "1s",
        }
        app["deploy"] = {"replicas": REPLICAS}
        compose["services"]["nginx"] = nginx
        return compose


def replicated(folder: Path) -> AbstractContextManager[Replicated]:
    """Lay out the stack; see `stack_of_kind`."""
    return stack_of_kind(folder, Replicated)

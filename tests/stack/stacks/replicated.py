"""A stack whose application is one service with three replicas, which nginx finds by its name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import yaml

from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.one_app import SERVER, SETTINGS, OneApp, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE, IMAGES

REPLICAS = 3
NGINX = """\
resolver 127.0.0.11 valid=1s ipv6=off;

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
# Finishes its requests on SIGTERM, as an application has to.
GRACEFUL = """
import signal, threading

server = http.server.ThreadingHTTPServer(("", 8000), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.1)
server.server_close()
"""


@dataclass(frozen=True)
class Replicated(OneApp):
    """The stack; its replicas have no names and no addresses of their own."""

    def write(self, release: str = "1") -> None:
        super().write(release)
        server, _, _ = SERVER.rpartition("\nhttp.server.Threading")
        (self.folder / "server.py").write_text(server + GRACEFUL)
        (self.folder / "nginx.conf").write_text(NGINX)
        dockerfile = self.folder / "Dockerfile"
        dockerfile.write_text(dockerfile.read_text().replace("STOPSIGNAL SIGKILL\n", ""))
        file = self.folder / COMPOSE_FILE
        services = yaml.safe_load(file.read_text())["services"]
        del services["app"]["ports"]
        services["app"]["deploy"] = {"replicas": REPLICAS}
        services["nginx"] = {
            "image": read_env_file(IMAGES)["NGINX_IMAGE"],
            "ports": ["127.0.0.1::80"],
            "volumes": ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"],
            "depends_on": ["app"],
            "stop_grace_period": "1s",
        }
        file.write_text(yaml.safe_dump({"services": services}))
        settings = self.folder / "cosmicdeploy.yaml"
        settings.write_text(SETTINGS.replace("{app: [app]}", "{app: [app], proxy: nginx}"))

    def ids(self) -> dict[str, str]:
        """Return the ids of the containers by the names of their services and replicas."""
        ctx = self.open()
        return {name: ctx.running(name).id for name in ctx.settings.services.all}


def replicated(folder: Path) -> AbstractContextManager[Replicated]:
    """Lay out the stack; see `stack_of_kind`."""
    return stack_of_kind(folder, Replicated)

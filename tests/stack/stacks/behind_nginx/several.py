"""A stack of three applications behind one nginx: api, web and admin.

Each has a port, a health path, an image and a release variable of its own. Only the api has a
health check in the file; the admin's image has no name of its own, and it waits for the api.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from cosmicdeploy.probes.http import send_request
from tests.stack.stacks.one_app import OneApp, base_image, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE

# Application → its port and health path.
APPLICATIONS = {"api": (9000, "/api/health"), "web": (3000, "/"), "admin": (8081, "/admin/ready")}
SETTINGS = """\
services: {app: [api, web, admin], proxy: nginx}
app:
  port: 9000
  health_path: /api/health
  release_variable: API_RELEASE
  release_header: X-Release
applications:
  web: {port: 3000, health_path: /, release_variable: WEB_RELEASE}
  admin: {port: 8081, health_path: /admin/ready, release_variable: ADMIN_RELEASE}
restart: {order: {app: %s}, healthy_within: 20, stable_for: 0}
watch: {seconds: 0}
"""
NGINX = """\
resolver 127.0.0.11 valid=1s ipv6=off;

server {
    listen 80;
    set $api api;
    set $web web;
    set $admin admin;
    proxy_connect_timeout 500ms;
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;

    location /api/ { proxy_pass http://$api:9000; }
    location /admin/ { proxy_pass http://$admin:8081; }
    location / { proxy_pass http://$web:3000; }
}
"""
# Answers only its own health path; a release whose name ends in "bad" never gets healthy.
SERVER = """\
import http.server, os, signal, threading

PATH, RELEASE = os.environ["HEALTH_PATH"], os.environ["%(variable)s"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 500 if RELEASE.endswith("bad") else 200
        self.send_response(status if self.path == PATH else 404)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("", %(port)s), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.1)
server.server_close()
"""
DOCKERFILE = """\
FROM {python}
ARG {variable}
ENV {variable}=${variable} HEALTH_PATH={path}
COPY {name}.py /server.py
CMD ["python3", "/server.py"]
"""
PROBE = "import urllib.request as r; r.urlopen('http://127.0.0.1:9000/api/health', timeout=2)"


@dataclass(frozen=True)
class Several(OneApp):
    """The stack; `releases` are those that the next deploy puts in place."""

    releases: dict[str, str] = field(default_factory=lambda: dict.fromkeys(APPLICATIONS, "1"))
    paths: ClassVar[tuple[str, ...]] = tuple(path for _, path in APPLICATIONS.values())
    slow_paths: ClassVar[tuple[str, ...]] = ()

    def write(self, release: str = "1") -> None:
        """Write the files of the stack, with this release of each application."""
        self.releases.update(dict.fromkeys(APPLICATIONS, release))
        python = base_image("PYTHON_IMAGE")
        for name, (port, path) in APPLICATIONS.items():
            variable = f"{name.upper()}_RELEASE"
            (self.folder / f"{name}.py").write_text(SERVER % {"port": port, "variable": variable})
            (self.folder / f"{name}.Dockerfile").write_text(
                DOCKERFILE.format(python=python, name=name, path=path, variable=variable)
            )
        services = {name: self._service(name) for name in APPLICATIONS}
        services["api"]["healthcheck"] = {
            "test": ["CMD", "python3", "-c", PROBE],
            "interval": "1s",
            "timeout": "3s",
        }
        services["admin"]["depends_on"] = {"api": {"condition": "service_healthy"}}
        del services["admin"]["image"]
        services["nginx"] = {
            "image": base_image("NGINX_IMAGE"),
            "ports": ["127.0.0.1::80"],
            "volumes": ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"],
            "depends_on": list(APPLICATIONS),
            "stop_grace_period": "1s",
        }
        (self.folder / COMPOSE_FILE).write_text(yaml.safe_dump({"services": services}))
        (self.folder / "nginx.conf").write_text(NGINX)
        self.set_order("start-first")
        self.deploys()

    def _service(self, name: str) -> dict[str, Any]:
        variable = f"{name.upper()}_RELEASE"
        return {
            "image": f"{self.project}/{name}:${{{variable}}}",
            "build": {
                "context": ".",
                "dockerfile": f"{name}.Dockerfile",
                "args": {variable: f"${{{variable}}}"},
            },
        }

    def set_order(self, order: str) -> None:
        """Set `restart.order.app`."""
        (self.folder / "cosmicdeploy.yaml").write_text(SETTINGS % order)

    def deploys(self, **releases: str) -> None:
        """Set the releases that the next deploy puts in place; the others stay."""
        self.releases.update(releases)
        lines = [f"{name.upper()}_RELEASE={each}\n" for name, each in self.releases.items()]
        project = f"COMPOSE_PROJECT_NAME={self.project}\n"
        (self.folder / ".env").write_text("".join([project, *lines]))

    def ids(self) -> Mapping[str, str]:
        """Return the ids of the containers by service."""
        return {name: container.id for name, container in self.containers().items()}

    def answering(self) -> Mapping[str, str]:
        """Return the release that each application answers with to its clients."""
        url = self.url()
        answers = {name: send_request(url + path) for name, (_, path) in APPLICATIONS.items()}
        return {name: str(each.headers.get("X-Release")) for name, each in answers.items()}


def several(folder: Path) -> AbstractContextManager[Several]:
    """Lay out the stack; see `stack_of_kind`."""
    return stack_of_kind(folder, Several)

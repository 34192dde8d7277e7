"""Two replicas behind an nginx that the stack builds, whose image holds a file of the release.

`kv` has no role and keeps data; nginx has its configuration from a mounted file.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cosmicdeploy.probes.http import send_request
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.one_app import SETTINGS, OneApp, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE, IMAGES, ROOT
from tests.stack.support.registry import free_port

NGINX = """\
upstream app {
    zone app 64k;
    server app-1:8000 max_fails=1 fail_timeout=1s;
    server app-2:8000 max_fails=1 fail_timeout=1s;
}

server {
    listen 80;
    access_log off;

    location /assets/ { alias /assets/; }

    location / {
        proxy_pass http://app;
        proxy_connect_timeout 500ms;
        proxy_next_upstream error timeout;
        add_header X-Conf "CONF";
    }
}
"""
DOCKERFILE = """\
FROM {python} AS app
ARG RELEASE
ENV RELEASE=$RELEASE
COPY server.py /
CMD ["python3", "/server.py"]

FROM {nginx} AS nginx
ARG RELEASE
RUN mkdir /assets && echo "release $RELEASE" >/assets/site.css
COPY extra.conf /etc/nginx/conf.d/extra.conf
"""


@dataclass(frozen=True)
class Fronted(OneApp):
    """The stack; `write_proxy` writes the configuration that nginx has mounted."""

    def write(self, release: str = "1", **kv: Any) -> None:
        """Write the files of the stack; `kv` are further keys of the store."""
        super().write(release)
        images = read_env_file(IMAGES)
        server = (ROOT / "tests/stack/stacks/release_server.py").read_text()
        (self.folder / "server.py").write_text(server)
        (self.folder / "extra.conf").write_text("# of the image\n")
        # What is only mounted is no source of an image.
        (self.folder / ".dockerignore").write_text("*\n!server.py\n!extra.conf\n")
        (self.folder / "Dockerfile").write_text(
            DOCKERFILE.format(python=images["PYTHON_IMAGE"], nginx=images["NGINX_IMAGE"])
        )
        if not (self.folder / "nginx.conf").exists():
            self.write_proxy("1")

        def built(target: str) -> dict[str, Any]:
            return {"context": ".", "target": target, "args": {"RELEASE": "${RELEASE}"}}

        app = {"image": f"{self.project}-app", "build": built("app")}
        nginx = {
            "build": built("nginx"),
            "ports": [f"127.0.0.1:{self._port()}:80"],
            "volumes": ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"],
            "depends_on": ["app-1", "app-2"],
            "stop_grace_period": "3s",
        }
        store = {"image": images["REDIS_IMAGE"], "volumes": ["kv:/data"], **kv}
        services = {"app-1": app, "app-2": app, "nginx": nginx, "kv": store}
        document = {"services": services, "volumes": {"kv": {}}}
        (self.folder / COMPOSE_FILE).write_text(yaml.safe_dump(document))
        settings = SETTINGS.replace("{app: [app]}", "{app: [app-1, app-2], proxy: nginx}")
        (self.folder / "cosmicdeploy.yaml").write_text(
            settings.replace("healthy_within: 3", "healthy_within: 10")
        )

    def _port(self) -> int:
        """Return the port of the stack: clients would not find a new container at another one."""
        file = self.folder / "port"
        if not file.exists():
            file.write_text(str(free_port()))
        return int(file.read_text())

    def write_proxy(self, conf: str, text: str = NGINX) -> None:
        """Write nginx's mounted configuration in place; `conf` is in each response."""
        (self.folder / "nginx.conf").write_text(text.replace("CONF", conf))

    def replace_proxy(self, conf: str) -> None:
        """Write the configuration as an editor or `git pull` does: into another file."""
        (self.folder / "new").write_text(NGINX.replace("CONF", conf))
        (self.folder / "new").rename(self.folder / "nginx.conf")

    def ids(self) -> dict[str, str]:
        """Return the ids of the containers by the names of their services."""
        ctx = self.open()
        return {name: ctx.running(name).id for name in ctx.settings.services.all}

    def starts(self) -> dict[str, str]:
        """Return when each service's container was started."""
        ctx = self.open()
        return {name: ctx.running(name).started_at for name in ctx.settings.services.all}

    def asset(self) -> str:
        """Return what the proxy's image says about its release."""
        return send_request(self.url() + "/assets/site.css").body.strip()

    def conf(self) -> str:
        """Return which configuration nginx answers with."""
        return str(send_request(self.url() + "/health").headers.get("X-Conf"))


def fronted(folder: Path) -> AbstractContextManager[Fronted]:
    """Lay out the stack; see `stack_of_kind`."""
    return stack_of_kind(folder, Fronted)

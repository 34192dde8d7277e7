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
from tests.stack.stacks.one_app import SETTINGS, OneApp, base_image, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE

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
        (self.folder / "extra.conf").write_text("# of the image\n")
        # What is only mounted is no source of an image.
        (self.folder / ".dockerignore").write_text("*\n!server.py\n!extra.conf\n")
        (self.folder / "Dockerfile").write_text(
            DOCKERFILE.format(python=base_image("PYTHON_IMAGE"), nginx=base_image("NGINX_IMAGE"))
        )
        if not (self.folder / "nginx.conf").exists():
            self.write_proxy("1")

        def built(target: str) -> dict[str, Any]:
            return {"context": ".", "target": target, "args": {"RELEASE": "${RELEASE}"}}

        app = {"image": f"{self.project}-app", "build": built("app")}
        nginx = {
            "build": built("nginx"),
            "ports": [f"127.0.0.1:{self.port}:80"],
            "volumes": ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"],
            "depends_on": ["app-1", "app-2"],
            "stop_grace_period": "3s",
        }
        store = {"image": base_image("REDIS_IMAGE"), "volumes": ["kv:/data"], **kv}
        services = {"app-1": app, "app-2": app, "nginx": nginx, "kv": store}
        document = {"services": services, "volumes": {"kv": {}}}
        (self.folder / COMPOSE_FILE).write_text(yaml.safe_dump(document))
        settings = SETTINGS.replace("{app: [app]}", "{app: [app-1, app-2], proxy: nginx}")
        (self.folder / "cosmicdeploy.yaml").write_text(
            settings.replace("healthy_within: 3", "healthy_within: 10")
        )

    def write_proxy(self, conf: str, text: str = NGINX) -> None:
        """Write nginx's mounted configuration in place; `conf` is in each response."""
        (self.folder / "nginx.conf").write_text(text.replace("CONF", conf))

    def replace_proxy(self, conf: str) -> None:
        """Write the configuration as an editor or `git pull` does: into another file."""
        (self.folder / "new").write_text(NGINX.replace("CONF", conf))
        (self.folder / "new").rename(self.folder / "nginx.conf")

    def starts(self) -> dict[str, str]:
        """Return when each service's container was started."""
        ctx = self.open()
        return {name: ctx.running(name).started_at for name in ctx.settings.services.all}

    def asset(self) -> str:
        """Return what the proxy's image says about its release."""
        return send_request(self.url() + "/assets/site.css").body.strip()

    def require(self) -> None:
        """Assert that the proxy's image is of the same release as the replicas."""
        assert self.asset() == f"release {self.answering_release()}"

    def conf(self) -> str:
        """Return which configuration nginx answers with."""
        return str(send_request(self.url() + "/health").headers.get("X-Conf"))


def fronted(folder: Path) -> AbstractContextManager[Fronted]:
    """Lay out the stack; see `stack_of_kind`."""
    return stack_of_kind(folder, Fronted)

"""A stack of php-fpm behind an nginx of its own, which share a volume of static files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from cosmicdeploy.probes.http import send_request
from tests.stack.stacks.one_app import OneApp, base_image
from tests.stack.support.harness import COMPOSE_FILE

SETTINGS = """\
services: {{app: [app], proxy: nginx}}
app: {{health_path: /health, release_variable: RELEASE, release_header: X-Release{more}}}
restart: {{pause: 0, healthy_within: 10, stable_for: 0}}
watch: {{seconds: 0}}
"""
NGINX = """\
resolver 127.0.0.11 valid=1s ipv6=off;

server {
    listen 80;
    root /srv/public;
    set $app app;

    location /static/ { alias /srv/public/; }

    location / {
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME /srv/public/index.php;
        fastcgi_pass $app:9000;
        fastcgi_connect_timeout 500ms;
    }
}
"""
FPM = """\
[global]
error_log = /proc/self/fd/2
process_control_timeout = 5s

[www]
user = www-data
group = www-data
listen = 9000
pm = static
pm.max_children = 4
clear_env = no
"""
# A release "…-bad" never gets healthy. One that ends in "-late" does where the file `broken` is not
# in the volume: in a container that is only tried.
INDEX = """\
<?php
$release = getenv('RELEASE');
$late = str_ends_with($release, '-late') && is_file('/srv/public/broken');
if (str_ends_with($release, '-bad') || $late) {
    http_response_code(500);
}
if ($_SERVER['REQUEST_URI'] === '/slow') {
    sleep(1);
}
header("X-Release: $release");
"""
# Where the image has the static files: in the folder of the volume, or where its entrypoint is.
IN_THE_FOLDER = "/srv/public"
BY_ENTRYPOINT = "/usr/src/public"
DOCKERFILE = """\
FROM {base}
ARG RELEASE
ENV RELEASE=$RELEASE
COPY fpm.conf /etc/fpm.conf
COPY public {folder}
RUN mkdir -p /srv/public && echo "release $RELEASE" >{folder}/site.css \\
    && echo "// $RELEASE" >{folder}/app.$RELEASE.js
COPY --chmod=755 entrypoint.sh /entrypoint.sh
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/entrypoint.sh"]
CMD ["php-fpm", "--nodaemonize", "--fpm-config", "/etc/fpm.conf"]
"""
ENTRYPOINT = (
    "#!/bin/sh\nset -e\n"
    '[ ! -d /usr/src/public ] || cp -a /usr/src/public/. /srv/public/\nexec "$@"\n'
)
PING = "exit(@fsockopen('127.0.0.1', 9000) ? 0 : 1);"


@dataclass(frozen=True)
class PhpFpm(OneApp):
    """The stack; `static` is where its image has the static files, `more` are keys of `app`."""

    static: str = field(default=IN_THE_FOLDER, kw_only=True)
    more: str = field(default="", kw_only=True)

    def write(self, release: str = "1", more: str | None = None) -> None:
        base = base_image("LARAVEL_IMAGE")
        keys = self.more if more is None else more
        files = {
            COMPOSE_FILE: yaml.safe_dump(self._compose_file()),
            "cosmicdeploy.yaml": SETTINGS.format(more=f", {keys}" if keys else ""),
            ".env": f"RELEASE={release}\nCOMPOSE_PROJECT_NAME={self.project}\n",
            "nginx.conf": NGINX,
            "Dockerfile": DOCKERFILE.format(base=base, folder=self.static),
            "fpm.conf": FPM,
            "entrypoint.sh": ENTRYPOINT,
            "public/index.php": INDEX,
        }
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def _compose_file(self) -> dict[str, Any]:
        app = {
            "build": {"context": ".", "args": {"RELEASE": "${RELEASE}"}},
            "volumes": ["public:/srv/public"],
            "stop_grace_period": "10s",
        }
        if self.static == BY_ENTRYPOINT:
            check = {"test": ["CMD", "php", "-r", PING], "interval": "2s", "timeout": "3s"}
            app["healthcheck"] = check
        nginx = {
            "image": base_image("NGINX_IMAGE"),
            "ports": ["127.0.0.1::80"],
            "volumes": [
                "./nginx.conf:/etc/nginx/conf.d/default.conf:ro",
                "public:/srv/public:ro",
            ],
            "depends_on": ["app"],
            "stop_grace_period": "1s",
        }
        return {"services": {"app": app, "nginx": nginx}, "volumes": {"public": {}}}

    def serving(self) -> tuple[str, str]:
        """Return the releases of the application and of the static file, as clients get them."""
        css = send_request(self.url() + "/static/site.css").body.strip()
        return self.answering_release(), css.removeprefix("release ")

    def has_script(self, release: str) -> bool:
        """Whether clients get the script of this release, whose name has the release in it."""
        return send_request(f"{self.url()}/static/app.{release}.js").status == 200

    def volume(self) -> str:
        """Return all files of the volume with their content, mode, owner and time."""
        command = "cd /srv/public && find . -type f | sort | xargs ls -lan --full-time && cat *.*"
        ctx = self.open()
        return ctx.engine.exec(ctx.running("app").id, ["sh", "-c", command]).text

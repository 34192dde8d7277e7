"""A stack whose releases are tags of an image in a registry: two replicas behind nginx."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import replica_url
from tests.stack.stacks.one_app import SERVER, OneApp, base_image, remove_images_of
from tests.stack.support.harness import COMPOSE_FILE
from tests.stack.support.network.registry import Registry
from tests.stack.support.processes.programs import run_program

REPOSITORY = "shop/app"
APPS = ("app-1", "app-2")
SETTINGS = """\
services: {app: [app-1, app-2], proxy: nginx}
app:
  port: 8000
  health_path: /health
  release_variable: IMAGE_TAG
  release_header: X-Release
restart: {healthy_within: 10, stable_for: 0}
watch: {seconds: 0}
"""
NGINX = """\
echo 'upstream app { server app-1:8000 fail_timeout=1s; server app-2:8000 fail_timeout=1s; }
  server { listen 80; location / { proxy_pass http://app; proxy_connect_timeout 500ms; } }' \
  >/etc/nginx/conf.d/default.conf
exec nginx -g 'daemon off;'
"""
PROBE = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=2)"


@dataclass(frozen=True)
class TaggedStack(OneApp):
    """The stack; IMAGE_TAG in its `.env` is the release that the next deploy puts in place."""

    registry: str = field(default="registry.example", kw_only=True)

    def files(self, release: str) -> dict[str, str]:
        variables = {
            "REGISTRY": self.registry,
            "IMAGE_TAG": release,
            "PULL_POLICY": "missing",
            "COMPOSE_PROJECT_NAME": self.project,
        }
        return {
            COMPOSE_FILE: yaml.safe_dump(self.compose_file()),
            "cosmicdeploy.yaml": SETTINGS,
            ".env": "".join(f"{name}={value}\n" for name, value in variables.items()),
        }

    def compose_file(self) -> dict[str, Any]:
        app = {
            "image": "${REGISTRY}/shop/app:${IMAGE_TAG:?}",
            "pull_policy": "${PULL_POLICY}",
            "healthcheck": {
                "test": ["CMD", "python3", "-c", PROBE],
                "interval": "1s",
                "timeout": "3s",
            },
        }
        nginx = {
            "image": base_image("NGINX_IMAGE"),
            "ports": [f"127.0.0.1:{self.port}:80"],
            "command": ["sh", "-c", NGINX],
            "depends_on": list(APPS),
        }
        return {"services": {**dict.fromkeys(APPS, app), "nginx": nginx}}

    def running_images(self) -> set[str]:
        """Return the image ids of the replicas."""
        return {self.open().running(name).image_id for name in APPS}

    def releases_of_replicas(self) -> set[str]:
        """Return the releases that the replicas answer with."""
        ctx = self.open()
        answers = [send_request(replica_url(ctx, name) + "/health") for name in APPS]
        return {str(answer.headers.get("X-Release")) for answer in answers}


def push_release(registry: Registry, release: str, tag: str) -> tuple[str, str]:
    """Build a release and push it as this tag; return its image id and digest.

    On the engine the image has no tag afterwards.
    """
    name = f"cosmic-pushed:{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copy(SERVER, context / "server.py")
        (context / "Dockerfile").write_text(
            f"FROM {base_image('PYTHON_IMAGE')}\nENV RELEASE={release}\n"
            f"LABEL made={name}\n"
            'COPY server.py /\nCMD ["python3", "/server.py"]\n'
        )
        run_program(["docker", "build", "-q", "-t", name, folder], context)
    image_id = str(registry.client.api.inspect_image(name)["Id"])
    digest = registry.push(image_id, REPOSITORY, tag)
    registry.client.api.remove_image(name)
    return image_id, digest


@contextmanager
def tagged_stack(folder: Path, registry: Registry) -> Iterator[TaggedStack]:
    """Lay the stack out below `folder`; remove it with its images at the end."""
    stack = TaggedStack(folder / f"cosmic-{uuid4().hex[:6]}", registry=registry.host)
    stack.folder.mkdir()
    stack.write()
    try:
        yield stack
    finally:
        stack.open().engine.remove_project(stack.project)
        remove_images_of(stack.project, f"{registry.host}/")

"""A stack whose releases are tags of an image in a registry: two replicas behind nginx."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import yaml

from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import replica_url
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.support.harness import COMPOSE_FILE, COMPOSE_V2, IMAGES, ROOT, StackUnderTest
from tests.stack.support.registry import Registry

REPOSITORY = "shop/app"
APPS = ("app-1", "app-2")
SETTINGS = """\
services: {app: [app-1, app-2], proxy: nginx}
app:
  port: 8000
  health_path: /health
  release_variable: IMAGE_TAG
  release_header: X-Release
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
class TaggedStack(StackUnderTest):
    """The stack; IMAGE_TAG in its `.env` is the release that the next deploy puts in place."""

    @property
    def project(self) -> str:
        return self.folder.name

    def write(self, registry: Registry) -> None:
        """Write the files of the stack, on release 1."""
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
            "image": read_env_file(IMAGES)["NGINX_IMAGE"],
            "ports": ["127.0.0.1::80"],
            "command": ["sh", "-c", NGINX],
            "depends_on": list(APPS),
        }
        services = {**dict.fromkeys(APPS, app), "nginx": nginx}
        variables = {
            "REGISTRY": registry.host,
            "IMAGE_TAG": "1",
            "PULL_POLICY": "missing",
            "COMPOSE_PROJECT_NAME": self.project,
        }
        (self.folder / COMPOSE_FILE).write_text(yaml.safe_dump({"services": services}))
        (self.folder / "cosmicdeploy.yaml").write_text(SETTINGS)
        lines = [f"{name}={value}\n" for name, value in variables.items()]
        (self.folder / ".env").write_text("".join(lines))

    def running_images(self) -> set[str]:
        """Return the image ids of the replicas."""
        return {self.open().running(name).image_id for name in APPS}

    def answering_releases(self) -> set[str]:
        """Return the releases that the replicas answer with."""
        ctx = self.open()
        answers = [send_request(replica_url(ctx, name) + "/health") for name in APPS]
        return {str(answer.headers.get("X-Release")) for answer in answers}

    def compose(self, *words: str) -> str:
        """Run Compose v2 in the folder of the stack; return its output."""
        command = [str(COMPOSE_V2), "-f", COMPOSE_FILE, *words]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


def push_release(registry: Registry, release: str, tag: str) -> tuple[str, str]:
    """Build a release and push it as this tag; return its image id and digest.

    On the engine the image has no tag afterwards.
    """
    name = f"cosmic-pushed:{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copy(ROOT / "tests/stack/stacks/release_server.py", context / "server.py")
        (context / "Dockerfile").write_text(
            f"FROM {read_env_file(IMAGES)['PYTHON_IMAGE']}\nENV RELEASE={release}\n"
            f"LABEL made={name}\n"
            'COPY server.py /\nCMD ["python3", "/server.py"]\n'
        )
        subprocess.run(["docker", "build", "-q", "-t", name, folder], check=True, timeout=100)
    image_id = str(registry.client.api.inspect_image(name)["Id"])
    digest = registry.push(image_id, REPOSITORY, tag)
    registry.client.api.remove_image(name)
    return image_id, digest


@contextmanager
def tagged_stack(folder: Path, registry: Registry) -> Iterator[TaggedStack]:
    """Lay the stack out below `folder`; remove it with its images at the end."""
    stack = TaggedStack(folder / f"cosmic-{uuid4().hex[:6]}")
    stack.folder.mkdir()
    stack.write(registry)
    try:
        yield stack
    finally:
        ctx = stack.open()
        ctx.engine.remove_project(ctx.stack.project)
        for image in registry.client.images.list():
            own = (f"{registry.host}/", f"cosmicdeploy/{ctx.stack.project}:")
            for tag in (t for t in image.tags if t.startswith(own)):
                registry.client.api.remove_image(tag)
            for digest in image.attrs["RepoDigests"]:
                if digest.startswith(own) and not image.tags:
                    registry.client.api.remove_image(digest)

"""The Laravel stack of a stranger: names of its own, and an nginx with nginx's own defaults.

The application is that of `tests/laravel`. The compose file, nginx's configuration and the settings
are in `tests/laravel/stranger`: replicas are known by their names, without fixed addresses, and
there is no file for maintenance or for drain. Nothing in them is changed for the tests.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from tests.stack.stacks.one_app import OFFICIAL, base_image, remove_images_of
from tests.stack.support.harness import (
    COMPOSE_FILE,
    ROOT,
    StackUnderTest,
    running,
    with_images_of_its_own,
)
from tests.stack.support.network.registry import free_port

LARAVEL = ROOT / "tests" / "laravel"
STRANGER = LARAVEL / "stranger"
WEB = ("web-1", "web-2", "web-3")
CRON, JOBS = "cron", "jobs"
CACHE, PROXY = "redis", "lb"
NGINX_CONF = "nginx.conf"
FILES = (COMPOSE_FILE, NGINX_CONF, "cosmicdeploy.yaml")
# At 200 requests/s, half of them heartbeats, each device sends 30 a minute; its limit is 120.
KIOSKS = 200


@dataclass(frozen=True)
class StrangersLaravel(StackUnderTest):
    """The stack; the folder's name is that of the project."""

    released: ClassVar[Sequence[str]] = (*WEB, CRON, JOBS)
    sources: ClassVar[str] = "src"
    kept: ClassVar[Sequence[str]] = (".env", *FILES, "src")

    @property
    def project(self) -> str:
        return self.folder.name

    def seed(self, kiosks: int = KIOSKS) -> None:
        """Create the device for verification, and kiosks for the load."""
        super().seed(kiosks)

    def source(self, name: str) -> Path:
        """Return the path of a file of the application's sources."""
        return self.folder / self.sources / name

    def variable(self, service: str, name: str) -> str:
        """Return an environment variable of a running container."""
        ctx = self.open()
        return ctx.engine.exec(ctx.running(service).id, ["printenv", name]).text.strip()

    def images_of(self, services: Sequence[str]) -> set[str]:
        """Return the image ids of the containers of these services."""
        return {c.image_id for name, c in self.containers().items() if name in services}

    def remove(self) -> None:
        """Remove the stack with all images that were built or kept for it."""
        self.open().engine.remove_project(self.project)
        remove_images_of(self.project)


def lay_out_strangers_laravel(folder: Path) -> StrangersLaravel:
    """Lay out the stack in a new folder below `folder`; needs no engine."""
    stack = StrangersLaravel(folder / f"displays-{uuid4().hex[:6]}")
    stack.folder.mkdir(parents=True)
    for layer in (LARAVEL / "app", LARAVEL / "release-2", STRANGER / stack.sources):
        shutil.copytree(layer, stack.folder / stack.sources, dirs_exist_ok=True)
    for name in FILES:
        shutil.copy(STRANGER / name, stack.folder / name)
    with_images_of_its_own(stack.source("Dockerfile"), stack.project)
    variables = _variables(stack.project)
    env = "".join(f"{name}={value}\n" for name, value in variables.items())
    (stack.folder / ".env").write_text(env)
    return stack


def _variables(project: str) -> dict[str, str]:
    secret = ("MYSQL_ROOT_PASSWORD", "DB_PASSWORD", "DEVICE_TOKEN")
    return {
        "COMPOSE_PROJECT_NAME": project,
        "HTTP_BIND": "127.0.0.1",
        "HTTP_PORT": str(free_port()),
        "APP_VERSION": "1",
        "HEARTBEAT_RATE_LIMIT": "120",
        **{name: secrets.token_urlsafe(24) for name in secret},
        **{name: base_image(name) for name in OFFICIAL if name != "PYTHON_IMAGE"},
    }


@contextmanager
def strangers_laravel(folder: Path) -> Iterator[StrangersLaravel]:
    """Run the stack on release 1, seeded, in a new folder below `folder`; remove it at the end."""
    stack = lay_out_strangers_laravel(folder)
    with running(stack):
        yield stack

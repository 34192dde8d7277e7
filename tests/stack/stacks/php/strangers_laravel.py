"""The Laravel stack of a stranger: names of its own, and an nginx with nginx's own defaults.

The application is that of `tests/laravel`; its framework comes from the distribution's packages.
The compose file, nginx's configuration and the settings are in `tests/laravel/stranger`: replicas
are known by their names, without fixed addresses, and there is no file for maintenance or for
drain. The variants at the end change them in a way that a stranger may have chosen as well.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from cosmicdeploy.engine.facts import ExecResult
from tests.stack.stacks.one_app import OFFICIAL, base_image, remove_images_of
from tests.stack.support.harness import (
    COMPOSE_FILE,
    ROOT,
    StackUnderTest,
    running,
    with_images_of_its_own,
)
from tests.stack.support.network.registry import free_port
from tests.stack.support.variants import edit

LARAVEL = ROOT / "tests" / "laravel"
STRANGER = LARAVEL / "stranger"
WEB = ("web-1", "web-2", "web-3")
CRON, JOBS = "cron", "jobs"
CACHE, PROXY = "redis", "lb"
NGINX_CONF, SETTINGS = "nginx.conf", "cosmicdeploy.yaml"
FILES = (COMPOSE_FILE, NGINX_CONF, SETTINGS)
MAINTENANCE = "/tmp/maintenance"  # in nginx's container
# At 200 requests/s, half of them heartbeats, each device sends 30 a minute; its limit is 120.
KIOSKS = 200
WWW_DATA = 33
# What the sources of a release are copied from, the later over the earlier.
RELEASE_1 = (LARAVEL / "app",)
RELEASE_2 = (LARAVEL / "release-2",)
WHOLE_RELEASE = (*RELEASE_1, *RELEASE_2, STRANGER / "src")


@dataclass(frozen=True)
class StrangersLaravel(StackUnderTest):
    """The stack; the folder's name is that of the project. `devices` is how many kiosks it has."""

    devices: int = field(default=KIOSKS, kw_only=True)
    released: ClassVar[Sequence[str]] = (*WEB, CRON, JOBS)
    sources: ClassVar[str] = "src"
    kept: ClassVar[Sequence[str]] = (".env", *FILES, "src")

    @property
    def project(self) -> str:
        return self.folder.name

    def seed(self, kiosks: int | None = None) -> None:
        """Create the device for verification, and kiosks for the load."""
        super().seed(self.devices if kiosks is None else kiosks)

    def source(self, name: str) -> Path:
        """Return the path of a file of the application's sources."""
        return self.folder / self.sources / name

    def put_release_2(self) -> None:
        """Copy the files of release 2 over the sources, and set APP_VERSION to 2."""
        _copy_sources(self, RELEASE_2)
        self.set_variable("APP_VERSION", "2")

    def inside(self, service: str, *argv: str, user: str = "") -> ExecResult:
        """Run a command in a container, as `docker exec` does."""
        ctx = self.open()
        return ctx.engine.exec_as(user, ctx.running(service).id, argv)

    def log(self, service: str) -> Path:
        """Return the path of a service's log on the host; see `with_mounted_folders`."""
        return self.folder / "logs" / service / "laravel.log"

    def variable(self, service: str, name: str) -> str:
        """Return an environment variable of a running container."""
        return self.inside(service, "printenv", name).text.strip()

    def images_of(self, services: Sequence[str]) -> set[str]:
        """Return the image ids of the containers of these services."""
        return {c.image_id for name, c in self.containers().items() if name in services}

    def remove(self) -> None:
        """Remove the stack with all images that were built or kept for it."""
        self.open().engine.remove_project(self.project)
        remove_images_of(self.project)


def lay_out_strangers_laravel(
    folder: Path, release: Sequence[Path] = WHOLE_RELEASE, devices: int = KIOSKS
) -> StrangersLaravel:
    """Lay out the stack in a new folder below `folder`; needs no engine."""
    stack = StrangersLaravel(folder / f"displays-{uuid4().hex[:6]}", devices=devices)
    stack.folder.mkdir(parents=True)
    _copy_sources(stack, release)
    for name in FILES:
        shutil.copy(STRANGER / name, stack.folder / name)
    with_images_of_its_own(stack.source("Dockerfile"), stack.project)
    variables = _variables(stack.project)
    env = "".join(f"{name}={value}\n" for name, value in variables.items())
    (stack.folder / ".env").write_text(env)
    return stack


def _copy_sources(stack: StrangersLaravel, layers: Sequence[Path]) -> None:
    for layer in layers:
        shutil.copytree(layer, stack.folder / stack.sources, dirs_exist_ok=True)


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
    """Run the stack on the whole release, seeded, in a new folder below `folder`; remove it at the
    end."""
    stack = lay_out_strangers_laravel(folder)
    with running(stack):
        yield stack


def with_mounted_folders(stack: StrangersLaravel) -> None:
    """Mount migrations and logs from the host, as many stacks do."""

    def mount(document: dict[str, Any]) -> None:
        migrations = f"./{stack.sources}/database/migrations:/var/www/database/migrations:ro"
        for name in stack.released:
            logs = f"./logs/{name}:/var/www/storage/logs"
            document["services"][name]["volumes"] = [migrations, logs]

    edit(stack.folder / COMPOSE_FILE, mount)
    for name in stack.released:
        folder = stack.log(name).parent
        folder.mkdir(parents=True)
        if os.getuid() == 0:
            os.chown(folder, WWW_DATA, WWW_DATA)


def with_maintenance_file(stack: StrangersLaravel) -> None:
    """Let nginx answer 503 with Retry-After while a file exists (docs/nginx.md)."""
    conf = stack.folder / NGINX_CONF
    text = conf.read_text()
    location = "    location / {\n"
    assert text.count(location) == 1, "nginx.conf has another location"
    answer = (
        "    error_page 503 = @maintenance;\n"
        "    location @maintenance { add_header Retry-After 5 always; return 503; }\n\n"
    )
    check = f"        if (-f {MAINTENANCE}) {{ return 503; }}\n"
    conf.write_text(text.replace(location, answer + location + check))
    edit(stack.folder / SETTINGS, lambda d: d.update(maintenance={"file": MAINTENANCE}))


def without_soak(stack: StrangersLaravel) -> None:
    """Leave out the soak, which has tests of its own."""
    edit(stack.folder / SETTINGS, lambda d: d.update(watch={"seconds": 0}))

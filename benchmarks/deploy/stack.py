"""The stack that is deployed to, laid out afresh as `cosmicdeploy init` does it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import yaml
from docker.models.containers import Container
from docker.models.images import Image

from cosmicdeploy.context import release_of
from cosmicdeploy.engine import parsing
from cosmicdeploy.engine.labels import PROJECT, SERVICE
from cosmicdeploy.layout import SOURCES, lay_out, layout_choices
from cosmicdeploy.stack.variables.environment import read_env_file
from cosmicdeploy.workspace import open_stack

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / ".cache" / "images.env"
COSMICDEPLOY = str(Path(sys.executable).parent / "cosmicdeploy")
# With half of 200 requests/s, each beats every 2 s: a quarter of what the limiter lets through.
DEVICES = 200
# What the guide replaces; the worker is no part of it.
RELEASED = ("cosmic-app-1", "cosmic-app-2", "cosmic-app-3", "cosmic-scheduler")
PROXY = "platform-nginx"
VERSION_VARIABLE = "APP_VERSION"
WELL_WITHIN_SECONDS = 120


@dataclass(kw_only=True)
class Stack:
    """A stack that runs. `enter` is put before the load's command, to be where its port is."""

    folder: Path
    name: str
    client: docker.DockerClient
    enter: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    releases: int = 1

    @property
    def variables(self) -> dict[str, str]:
        return read_env_file(self.folder / ".env")

    @property
    def environ(self) -> dict[str, str]:
        """This process's environment without what the stack's own `.env` says."""
        return {name: value for name, value in os.environ.items() if name not in self.variables}

    @property
    def address(self) -> tuple[str, int]:
        """The load balancer's own: clients from elsewhere come to it by the host's packet filter,
        and only those on this host by a process of the engine's, which would share its load."""
        networks = self.containers()[PROXY].attrs["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"], 80

    @property
    def image(self) -> str:
        """The tag that a build of the release in the folder gets."""
        return f"cosmic-app:{self.name}"

    def containers(self) -> dict[str, Container]:
        """Service → container, of those that run."""
        chosen = {"label": f"{PROJECT}={self.variables['COMPOSE_PROJECT_NAME']}"}
        found = self.client.containers.list(filters=chosen, ignore_removed=True)
        return {container.labels[SERVICE]: container for container in found}

    def released(self) -> list[Container]:
        """The containers that a deploy has to replace, as far as they run."""
        found = self.containers()
        return [found[service] for service in RELEASED if service in found]

    def app(self) -> Container:
        return self.containers()[RELEASED[0]]

    def put_release(self) -> str:
        """What `git pull` brings: a changed source file, and the release's name in `.env`."""
        self.releases += 1
        release = f"{self.name}-{self.releases}"
        changed = self.folder / SOURCES / "cosmic_app" / "changed.py"
        changed.write_text(f'"""Something new."""\n\nWHAT = "{release}"\n')
        self.set_variable("APP_VERSION", release)
        return release

    def set_variable(self, name: str, value: str) -> None:
        env = self.folder / ".env"
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", env.read_text(), flags=re.M)
        env.write_text(text if count else f"{text}{name}={value}\n")

    def new_image_runs(self) -> bool:
        """Whether every container that a deploy has to replace runs the image just built."""
        built = self.client.images.get(self.image)
        release = baked_into(built)
        running = [container.image.id for container in self.released()]
        wanted = [built.id] * len(RELEASED)
        return running == wanted and release == self.variables["APP_VERSION"]

    def wait_well(self) -> None:
        """Wait until every container is healthy. Raises `TimeoutError`."""
        wait_until(lambda: len(self.released()) == len(RELEASED) and self.healthy(), "healthy")

    def healthy(self) -> bool:
        states = [c.attrs["State"]["Health"]["Status"] for c in self.containers().values()]
        return all(state == "healthy" for state in states)

    def seed(self) -> None:
        """The device that verification beats as, and those of the load."""
        self.wait_well()
        own = {"DEVICE_TOKEN": self.variables["DEVICE_TOKEN"]}
        self._console("devices:seed --name=VERIFY --token-env=DEVICE_TOKEN", own)
        told = json.loads(self._console(f"devices:seed {DEVICES} --fresh --json", {}))
        self.tokens = [device["token"] for device in told["devices"]]

    def _console(self, words: str, environment: dict[str, str]) -> str:
        code, out = self.app().exec_run(["console", *words.split()], environment=environment)
        if code != 0:
            raise RuntimeError(f"console {words}: {out.decode()}")
        return str(out.decode())

    def up(self) -> None:
        """Bring it up as it lies in the folder. Raises `CalledProcessError`."""
        run([COSMICDEPLOY, "up"], self)

    def remove(self) -> None:
        """Containers, networks, volumes, and every image that was built for it."""
        ctx = open_stack(self.folder / "cosmicdeploy.yaml", lambda _event: None)
        ctx.engine.remove_project(ctx.stack.project)
        self.remove_images()

    def remove_images(self) -> None:
        for image in self.client.images.list():
            if baked_into(image).startswith(f"{self.name}-"):
                self.client.images.remove(image.id, force=True)


def baked_into(image: Image) -> str:
    """The release that an image says it is; "" where it does not."""
    return release_of(parsing.parse_image(image.attrs), VERSION_VARIABLE)


def lay_out_stack(folder: Path, name: str) -> Stack:
    """A stack with project, names, ports and subnet of its own; nothing of it runs yet."""
    options: dict[str, Any] = {
        "project": f"cosmic-{name}",
        "suffix": name,
        "release": f"{name}-1",
        "http_port": 0,
        "http_bind": "127.0.0.1",
    }
    lay_out(folder, layout_choices(options, IMAGES))
    return Stack(folder=folder, name=name, client=docker.from_env())


def set_watch(folder: Path, seconds: float | None) -> float | None:
    """How long cosmicdeploy watches after a deploy; what it was, None where it has no such setting.

    With None the setting is taken out, and the default is in force.
    """
    path = folder / "cosmicdeploy.yaml"
    settings = yaml.safe_load(path.read_text())
    watch = settings.get("watch")
    if not isinstance(watch, dict) or "seconds" not in watch:
        return None
    before = float(watch["seconds"])
    if seconds is not None:
        watch["seconds"] = seconds
        path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return before


def run(argv: list[str], stack: Stack) -> None:
    """A command in the stack's folder; its last lines are told where it fails."""
    done = subprocess.run(
        argv, cwd=stack.folder, env=stack.environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-15:]
        raise RuntimeError("\n".join([f"{' '.join(argv)} ended with {done.returncode}", *lines]))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Ask twice a second. Raises `TimeoutError`."""
    until = time.monotonic() + WELL_WITHIN_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"the stack is not {what} after {WELL_WITHIN_SECONDS} s")
        time.sleep(0.5)

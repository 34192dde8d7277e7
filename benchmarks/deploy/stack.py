"""The stack that the contestants deploy, laid out as by `cosmicdeploy init`."""

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
from docker.models.containers import Container
from docker.models.images import Image

from cosmicdeploy.engine import parsing
from cosmicdeploy.engine.labels import PROJECT, SERVICE
from cosmicdeploy.engine.releases import release_of
from cosmicdeploy.layout import SOURCES, lay_out, layout_options
from cosmicdeploy.stack.variables.environment import read_env_file
from cosmicdeploy.workspace import open_stack

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / ".cache" / "images.env"
PROGRAM = str(Path(sys.executable).parent / "cosmicdeploy")
# Half of 200 requests/s are heartbeats: one per device every 2 s, a quarter of the rate limit.
DEVICES = 200
# The services that the guide replaces; the worker is not among them.
RELEASED = ("cosmic-app-1", "cosmic-app-2", "cosmic-app-3", "cosmic-scheduler")
PROXY = "platform-nginx"
VERSION_VARIABLE = "APP_VERSION"
HEALTHY_WITHIN_SECONDS = 120


@dataclass(kw_only=True)
class Stack:
    """A stack of the benchmark.

    `enter` holds the words to put before the command of the load, so that it reaches the stack's
    port. `tokens` are the tokens of the load's devices. `releases` counts the releases so far.
    """

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
        """The environment of this process without the variables in the stack's `.env`."""
        return {name: value for name, value in os.environ.items() if name not in self.variables}

    @property
    def address(self) -> tuple[str, int]:
        """The load balancer's own address and port.

        Requests from this host to the published port would pass through a process of the engine;
        those from other hosts do not.
        """
        networks = self.containers()[PROXY].attrs["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"], 80

    @property
    def image(self) -> str:
        """The tag that a build of the release in the folder gets."""
        return f"cosmic-app:{self.name}"

    def containers(self) -> dict[str, Container]:
        """Return the running containers by service."""
        filters = {"label": f"{PROJECT}={self.variables['COMPOSE_PROJECT_NAME']}"}
        containers = self.client.containers.list(filters=filters, ignore_removed=True)
        return {container.labels[SERVICE]: container for container in containers}

    def released(self) -> list[Container]:
        """Return the running containers that a deploy must replace."""
        running = self.containers()
        return [running[service] for service in RELEASED if service in running]

    def app(self) -> Container:
        return self.containers()[RELEASED[0]]

    def put_release(self) -> str:
        """Change a source file, as `git pull` would; put the new release into `.env`; return it."""
        self.releases += 1
        release = f"{self.name}-{self.releases}"
        changed = self.folder / SOURCES / "cosmic_app" / "changed.py"
        changed.write_text(f'"""A change of this release."""\n\nRELEASE = "{release}"\n')
        self.set_variable(VERSION_VARIABLE, release)
        return release

    def set_variable(self, name: str, value: str) -> None:
        env = self.folder / ".env"
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", env.read_text(), flags=re.M)
        env.write_text(text if count else f"{text}{name}={value}\n")

    def new_image_runs(self) -> bool:
        """Return whether every container that a deploy must replace runs the new image."""
        built = self.client.images.get(self.image)
        release = release_in(built)
        running = [container.image.id for container in self.released()]
        return running == [built.id] * len(RELEASED) and release == self.variables[VERSION_VARIABLE]

    def wait_healthy(self) -> None:
        """Wait until every container is healthy. Raises `TimeoutError`."""
        wait_until(lambda: len(self.released()) == len(RELEASED) and self.healthy(), "healthy")

    def healthy(self) -> bool:
        states = [c.attrs["State"]["Health"]["Status"] for c in self.containers().values()]
        return all(state == "healthy" for state in states)

    def seed(self) -> None:
        """Create the device for verification, and the devices of the load."""
        self.wait_healthy()
        environment = {"DEVICE_TOKEN": self.variables["DEVICE_TOKEN"]}
        self._console("devices:seed --name=VERIFY --token-env=DEVICE_TOKEN", environment)
        seeded = json.loads(self._console(f"devices:seed {DEVICES} --fresh --json", {}))
        self.tokens = [device["token"] for device in seeded["devices"]]

    def _console(self, words: str, environment: dict[str, str]) -> str:
        code, out = self.app().exec_run(["console", *words.split()], environment=environment)
        if code != 0:
            raise RuntimeError(f"console {words}: {out.decode()}")
        return str(out.decode())

    def up(self) -> None:
        """Start the containers of the release in the folder. Raises `RuntimeError`."""
        run([PROGRAM, "up"], self)

    def remove(self) -> None:
        """Remove the containers, networks, volumes and built images."""
        ctx = open_stack(self.folder / "cosmicdeploy.yaml", lambda _event: None)
        ctx.engine.remove_project(ctx.stack.project)
        self.remove_images()

    def remove_images(self) -> None:
        for image in self.client.images.list():
            if release_in(image).startswith(f"{self.name}-"):
                self.client.images.remove(image.id, force=True)


def release_in(image: Image) -> str:
    """Return the release that an image contains, or "" if it names none."""
    return release_of(parsing.parse_image(image.attrs), VERSION_VARIABLE)


def lay_out_stack(folder: Path, name: str) -> Stack:
    """Lay out a stack with its own project, names, ports and subnet, without starting it."""
    options: dict[str, Any] = {
        "project": f"cosmic-{name}",
        "suffix": name,
        "release": f"{name}-1",
        "http_port": 0,
        "http_bind": "127.0.0.1",
    }
    lay_out(folder, layout_options(options, IMAGES))
    return Stack(folder=folder, name=name, client=docker.from_env())


def run(argv: list[str], stack: Stack) -> None:
    """Run a command in the folder of the stack.

    Raises `RuntimeError` with its last lines if it fails.
    """
    done = subprocess.run(
        argv, cwd=stack.folder, env=stack.environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-15:]
        raise RuntimeError(
            "\n".join([f"{' '.join(argv)} failed with exit code {done.returncode}", *lines])
        )


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Check the condition twice a second until it holds. Raises `TimeoutError`."""
    until = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"the stack is not {what} after {HEALTHY_WITHIN_SECONDS} s")
        time.sleep(0.5)

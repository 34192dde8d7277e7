"""The same stack as a Docker Swarm of one node, in a second engine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.models.containers import Container

from benchmarks.deploy.stack import Stack, lay_out_stack, run, wait_until
from benchmarks.deploy.ways.second_engine import ADDRESS, SecondEngine, second_engine
from cosmicdeploy.layout import SOURCES

HERE = Path(__file__).parent
STACK = "bench"
SERVICE = "com.docker.swarm.service.name"
NAMESPACE = "com.docker.stack.namespace"
CONTAINERS = 8
DEPLOY = "docker stack deploy --resolve-image never --compose-file"
# The images of the services, and the base image of a release.
IMAGES = ("MARIADB_IMAGE", "REDIS_IMAGE", "NGINX_IMAGE", "PYTHON_IMAGE")


@dataclass(kw_only=True)
class SwarmStack(Stack):
    """A stack in a swarm; its replicas are tasks of one service."""

    engine: SecondEngine
    order: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            **super().environ,
            "DOCKER_HOST": self.engine.socket,
            "DOCKER_BUILDKIT": "0",  # the builder that the other contestants use
            "STACK": STACK,
            "STACK_FOLDER": str(self.folder),
            "FIRST_IMAGE": self.first_image,
            "SWARM_ORDER": self.order,
        }

    @property
    def first_image(self) -> str:
        return f"cosmic-app:{self.name}-1"

    @property
    def image(self) -> str:
        # Swarm updates a service only if the name of its image changes.
        return f"cosmic-app:{self.variables['APP_VERSION']}"

    def containers(self) -> dict[str, Container]:
        filters = {"label": f"{NAMESPACE}={STACK}"}
        containers = self.client.containers.list(filters=filters, ignore_removed=True)
        return {container.name: container for container in containers}

    @property
    def address(self) -> tuple[str, int]:
        """The published address in the network namespace of the engine."""
        return "127.0.0.1", int(self.variables["HTTP_PORT"])

    def released(self) -> list[Container]:
        services = (f"{STACK}_app", f"{STACK}_scheduler")
        return [c for c in self.containers().values() if c.labels[SERVICE] in services]

    def app(self) -> Container:
        containers = self.containers().values()
        return next(c for c in containers if c.labels[SERVICE] == f"{STACK}_app")

    def up(self) -> None:
        """Create the swarm, start release 1 in it and migrate the schema."""
        self.client.swarm.init(advertise_addr=ADDRESS, listen_addr=f"{ADDRESS}:2377")
        run(["bash", "-c", f"set -a; . ./.env; {DEPLOY} {HERE / 'swarm.yaml'} {STACK}"], self)
        wait_until(lambda: len(self.containers()) == CONTAINERS and self.healthy(), "healthy")
        self._console("migrate --force", {})

    def remove(self) -> None:
        """Do nothing, since the stack is removed with its engine."""


@contextmanager
def swarm_stack(folder: Path, name: str, log: Path, order: str) -> Iterator[SwarmStack]:
    """Run a stack with devices in a swarm; remove it with its engine at the end."""
    laid_out = lay_out_stack(folder, name)
    shutil.copy(HERE / "swarm-nginx.conf.template", folder / "nginx" / "default.conf.template")
    try:
        with second_engine(log) as engine:
            stack = SwarmStack(
                folder=folder,
                name=name,
                client=engine.client(),
                enter=engine.enter,
                engine=engine,
                order=order,
            )
            _copy_images(laid_out, stack)
            stack.up()
            stack.seed()
            yield stack
    finally:
        laid_out.remove_images()


def _copy_images(laid_out: Stack, stack: SwarmStack) -> None:
    """Build release 1 in the first engine and copy all images: the second engine has no network."""
    variables = laid_out.variables
    arguments = [
        f"--build-arg={name}={variables[name]}" for name in ("PYTHON_IMAGE", "APP_VERSION")
    ]
    build = ["docker", "build", "--tag", stack.first_image, *arguments, SOURCES]
    run(["env", "DOCKER_BUILDKIT=0", *build], laid_out)
    images = [*(variables[name] for name in IMAGES), stack.first_image]
    with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as save:
        stack.client.images.load(save.stdout)
    if save.returncode:
        raise RuntimeError(f"docker save failed with exit code {save.returncode}")

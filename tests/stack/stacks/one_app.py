"""A stack of one application that publishes its port: no proxy, no database, no console."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import docker
import tenacity
import yaml

from cosmicdeploy.probes.http import send_request
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.support.harness import COMPOSE_FILE, IMAGES, ROOT, StackUnderTest
from tests.stack.support.network.registry import free_port

SETTINGS = """\
services: {app: [app]}
app: {port: 8000, health_path: /health, release_variable: RELEASE, release_header: X-Release}
restart: {pause: 0, healthy_within: 3, stable_for: 0}
watch: {seconds: 0}
"""
SERVER = ROOT / "tests" / "stack" / "stacks" / "behind_nginx" / "release_server.py"
LARAVEL_IMAGES = IMAGES.with_name("images-laravel.env")
PROXY_IMAGES = IMAGES.with_name("images-proxies.env")
# Where the base images are not there, a stack can still be read.
OFFICIAL = {
    "LARAVEL_IMAGE": "php:8.3-fpm",
    "PYTHON_IMAGE": "python:3.11-slim-bookworm",
    "NGINX_IMAGE": "nginx:1.22",
    "HAPROXY_IMAGE": "haproxy:2.6",
    "TRAEFIK_IMAGE": "traefik:v3",
    "CADDY_IMAGE": "caddy:2",
    "REDIS_IMAGE": "redis:7",
    "MARIADB_IMAGE": "mariadb:10.11",
}


def base_image(variable: str) -> str:
    """Return the name of a base image, such as that of PYTHON_IMAGE."""
    names = read_env_file(LARAVEL_IMAGES) | read_env_file(PROXY_IMAGES) | read_env_file(IMAGES)
    return names.get(variable, OFFICIAL[variable])


@dataclass(frozen=True)
class OneApp(StackUnderTest):
    """The stack; `release` in its `.env` is what the next deploy puts in place.

    `port` is that of the host at which clients reach it. Each of `paths` answers with the release,
    and each of `slow_paths` after a second. `host` is the Host header that clients have to send; ""
    for any.
    """

    port: int = field(default_factory=free_port)
    host: ClassVar[str] = ""
    paths: ClassVar[tuple[str, ...]] = ("/",)
    slow_paths: ClassVar[tuple[str, ...]] = ("/slow",)

    @property
    def project(self) -> str:
        return self.folder.name

    def write(self, release: str = "1") -> None:
        """Write the files of the stack; a release whose name ends in "bad" never gets healthy."""
        for name, text in self.files(release).items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)

    def files(self, release: str) -> dict[str, str]:
        """Return the files of the stack by name, with the texts that they have for a release."""
        return {
            COMPOSE_FILE: yaml.safe_dump(self.compose_file()),
            "cosmicdeploy.yaml": SETTINGS,
            ".env": f"RELEASE={release}\nCOMPOSE_PROJECT_NAME={self.project}\n",
            "server.py": SERVER.read_text(),
            "Dockerfile": f"FROM {base_image('PYTHON_IMAGE')}\nARG RELEASE\nENV RELEASE=$RELEASE\n"
            'COPY server.py /\nCMD ["python3", "/server.py"]\n',
        }

    def compose_file(self) -> dict[str, Any]:
        app = {
            "build": {"context": ".", "args": {"RELEASE": "${RELEASE}"}},
            "ports": [f"127.0.0.1:{self.port}:8000"],
        }
        return {"services": {"app": app}}

    def require(self) -> None:
        """Assert what else has to be true of the stack while a release runs."""

    def run_in_app(self, *command: str) -> str:
        """Run a command in the application's container; return its output."""
        done = self.open().engine.exec(self.app_id(), command)
        assert done.exit_code == 0, done.error_text
        return done.text

    def app_id(self) -> str:
        """Return the id of the application's container."""
        return self.open().running("app").id

    def ids(self) -> Mapping[str, str]:
        """Return the ids of the containers by the names of their services and replicas."""
        ctx = self.open()
        containers = {name: ctx.container(name) for name in ctx.stack.services}
        return {name: container.id for name, container in containers.items() if container}

    def answering_release(self) -> str:
        """Return the release that answers clients."""
        [release] = self.answering_releases()
        return release

    def answering_releases(self, times: int = 1) -> set[str]:
        """Return the releases that answer clients, asked for each path this many times."""
        urls = [self.url() + path for path in self.paths for _ in range(times)]
        answers = [send_request(url, host=self.host) for url in urls]
        return {str(each.headers.get("X-Release")) for each in answers}


Stack = TypeVar("Stack", bound=OneApp)


@contextmanager
def stack_of_kind(folder: Path, kind: Callable[[Path], Stack]) -> Iterator[Stack]:
    """Lay the stack out in a new folder below `folder`; remove it with its images at the end."""
    stack = kind(folder / f"cosmic-{uuid4().hex[:6]}")
    stack.folder.mkdir()
    stack.write()
    try:
        yield stack
    finally:
        stack.open().engine.remove_project(stack.project)
        remove_images_of(stack.project)


def remove_images_of(project: str, *prefixes: str) -> None:
    """Remove the images that were built and kept for a project, and those with other prefixes."""
    own = (f"{project}-", f"{project}_", f"{project}/", f"cosmicdeploy/{project}:", *prefixes)
    with closing(docker.from_env()) as client:
        for image in client.api.images():
            names = [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
            for name in (each for each in names if each.startswith(own)):
                _remove_image(client, name)


# The engine may answer that a container is removed while it still holds the image.
@tenacity.retry(
    retry=tenacity.retry_if_exception_type(docker.errors.APIError),
    stop=tenacity.stop_after_delay(10),
    wait=tenacity.wait_fixed(0.2),
    reraise=True,
)
def _remove_image(client: docker.DockerClient, name: str) -> None:
    with suppress(docker.errors.ImageNotFound):  # with its last tag it went itself
        client.api.remove_image(name)


def one_app(folder: Path) -> AbstractContextManager[OneApp]:
    """Lay out the plain stack; see `stack_of_kind`."""
    return stack_of_kind(folder, OneApp)

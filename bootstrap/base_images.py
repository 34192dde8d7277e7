"""Get the stack's base images: official ones from a registry, otherwise equivalents built here.

Usage: base_images.py [--next | --laravel | --mysql | --mysql-newest | --proxies] [OUT_ENV_FILE].
Prints or writes lines such as `PYTHON_IMAGE=…` for the stack's `.env`. With an option, the script
gets images that only tests need: newer versions, Laravel, MySQL, or other load balancers than
nginx. Progress is printed to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
import requests
from docker.errors import DockerException, ImageNotFound
from equivalents import BuildError, build_all

from cosmicdeploy.engine.connection import open_client
from cosmicdeploy.errors import EngineError

REGISTRY_TIMEOUT_SECONDS = 8


@dataclass(frozen=True)
class BaseImage:
    """A base image: its official name, and the name of the equivalent that is built here.

    `official` is "" if no registry has the image. `variable` is the name of the image's line in
    `.env`.
    """

    variable: str
    official: str
    equivalent: str


@dataclass(frozen=True)
class ImageSet:
    """Images that are needed together.

    `suite` is the distribution release that equivalents are built from; None means the release of
    this machine.
    """

    images: Sequence[BaseImage]
    suite: str | None = None


BASE_IMAGES = (
    # Not python:3.11-slim: health checks and tests need curl and ps.
    BaseImage("PYTHON_IMAGE", "python:3.11", "cosmicdeploy/python:3.11"),
    BaseImage("MARIADB_IMAGE", "mariadb:10.11", "cosmicdeploy/mariadb:10.11"),
    BaseImage("REDIS_IMAGE", "redis:7", "cosmicdeploy/redis:7"),
    BaseImage("NGINX_IMAGE", "nginx:1.22", "cosmicdeploy/nginx:1.22"),
)
# Backups are also tested on the newest MariaDB in Debian.
NEXT_IMAGES = (BaseImage("MARIADB_IMAGE", "mariadb:11.8", "cosmicdeploy/mariadb:11.8"),)
# The last Debian release that packages Laravel is bookworm.
LARAVEL_IMAGES = (BaseImage("LARAVEL_IMAGE", "", "cosmicdeploy/laravel:8.83"),)
# MySQL 8.0 from Ubuntu 24.04, since no supported release of Debian packages it.
MYSQL_IMAGES = (BaseImage("MYSQL_IMAGE", "mysql:8.0", "cosmicdeploy/mysql:8.0"),)
NEWEST_MYSQL_IMAGES = (BaseImage("MYSQL_IMAGE", "mysql:9", "cosmicdeploy/mysql:9"),)
PROXY_IMAGES = (
    BaseImage("HAPROXY_IMAGE", "haproxy:2.6", "cosmicdeploy/haproxy:2.6"),
    BaseImage("TRAEFIK_IMAGE", "traefik:v3", "cosmicdeploy/traefik:3"),
    BaseImage("CADDY_IMAGE", "caddy:2", "cosmicdeploy/caddy:2"),
)
SETS = {
    "": ImageSet(BASE_IMAGES),
    "--next": ImageSet(NEXT_IMAGES, "trixie"),
    "--laravel": ImageSet(LARAVEL_IMAGES, "bookworm"),
    "--mysql": ImageSet(MYSQL_IMAGES, "noble"),
    "--mysql-newest": ImageSet(NEWEST_MYSQL_IMAGES, "sid"),
    "--proxies": ImageSet(PROXY_IMAGES),
}


def say(text: str) -> None:
    """Print progress to stderr; stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


def is_present(client: docker.DockerClient, name: str) -> bool:
    """Return whether the engine has the image."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def registry_answers(name: str) -> bool:
    """Return whether a registry has the image, without downloading it.

    Gives up on a registry that does not answer within `REGISTRY_TIMEOUT_SECONDS`.
    """
    client = open_client()
    client.api.timeout = REGISTRY_TIMEOUT_SECONDS
    try:
        client.images.get_registry_data(name)
    except (DockerException, requests.RequestException):
        return False
    return True


def get_official(client: docker.DockerClient, images: Sequence[BaseImage]) -> bool:
    """Pull the missing official images; return whether all are present now."""
    if not all(image.official for image in images):
        return False
    missing = [image.official for image in images if not is_present(client, image.official)]
    if not missing:
        return True
    say(f"images: asking the registry for {missing[-1]}")
    if not registry_answers(missing[-1]):
        say(f"images: no registry provides {missing[-1]}")
        return False
    for name in missing:
        say(f"images: pulling {name}")
        try:
            client.images.pull(name)
        except (DockerException, requests.RequestException) as error:
            say(f"images: cannot pull {name}: {error}")
            return False
    return True


def choose(client: docker.DockerClient, image_set: ImageSet) -> dict[str, str]:
    """Return the image to use for each variable. Raises `BuildError`."""
    images = image_set.images
    if get_official(client, images):
        return {image.variable: image.official for image in images}
    build_all(client, [image.equivalent for image in images], say, image_set.suite)
    return {image.variable: image.equivalent for image in images}


def write(lines: str, out: Path | None) -> None:
    """Print the lines, or atomically replace the file `out` with them."""
    if out is None:
        print(lines, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"{out.name}.partial")
    partial.write_text(lines, encoding="utf-8")
    partial.replace(out)


def main(arguments: list[str]) -> int:
    """Get the images and write their names. Return 0, or 2 if the images are not available."""
    option = arguments[0] if arguments and arguments[0] in SETS else ""
    files = arguments[bool(option) :]
    try:
        chosen = choose(open_client(), SETS[option])
    except (BuildError, EngineError) as error:
        say(f"images: {error}")
        return 2
    lines = "".join(f"{variable}={name}\n" for variable, name in chosen.items())
    write(lines, Path(files[0]) if files else None)
    say(f"images: ready ({', '.join(chosen.values())})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What an image is built from: the Dockerfile, its arguments, its bases and the build context."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound
from docker.utils.build import exclude_paths

from cosmicdeploy.engine.building.base_images import Bases, base_images
from cosmicdeploy.engine.building.classic_builder import refuse_for_classic_builder, refuse_triggers
from cosmicdeploy.engine.building.dockerfile import Dockerfile, read_dockerfile
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Build

ABSENT = "not here"


def buildable(build: Build) -> Dockerfile:
    """The Dockerfile. Raises `ConfigError` where there is none, and `Refused` for what the builder
    would drop or ignore."""
    if not (build.context / build.dockerfile).is_file():
        raise ConfigError(
            "There is no Dockerfile",
            where=str(build.context / build.dockerfile),
            todo="check build.context and build.dockerfile in the compose file",
        )
    dockerfile = read_dockerfile(_text(build))
    refuse_for_classic_builder(build, dockerfile)
    return dockerfile


def bases(build: Build) -> Bases:
    """The images that are taken from; raises as `buildable` does."""
    return base_images(buildable(build), build.args, str(build.context / build.dockerfile))


def context_digest(api: APIClient, build: Build) -> str:
    """SHA-256 over all that decides what the image will hold; raises as `buildable` does."""
    digest = hashlib.sha256()
    for item in _ingredients(api, build):
        digest.update(item.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def image_id(api: APIClient, reference: str) -> str:
    """The id of an image, or `ABSENT`."""
    try:
        return str(api.inspect_image(reference)["Id"])
    except ImageNotFound:
        return ABSENT


def _ingredients(api: APIClient, build: Build) -> Iterable[str]:
    yield f"target {build.target}"
    for name, value in sorted(build.args.items()):
        yield f"arg {name}={value}"
    yield _text(build)
    taken = bases(build)
    for base in taken.all:
        yield f"from {base} {image_id(api, base)}"
    for base in taken.started:
        refuse_triggers(build, base, _triggers(api, base))
    for path in sorted(exclude_paths(str(build.context), _ignored(build), build.dockerfile)):
        yield _file_facts(build.context, path)


def _triggers(api: APIClient, reference: str) -> list[str]:
    """The ONBUILD instructions of an image; none where it is not here yet."""
    try:
        return list(api.inspect_image(reference)["Config"].get("OnBuild") or [])
    except ImageNotFound:
        return []


def _text(build: Build) -> str:
    return (build.context / build.dockerfile).read_text("utf-8", errors="surrogateescape")


def _ignored(build: Build) -> list[str]:
    file = build.context / ".dockerignore"
    if not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _file_facts(context: Path, name: str) -> str:
    path = context / name
    mode = path.lstat().st_mode
    if path.is_symlink():
        return f"{name} {mode:o} -> {path.readlink()}"
    if path.is_dir():
        return f"{name} {mode:o}"
    return f"{name} {mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"

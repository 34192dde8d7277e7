"""Read what an image is built from: Dockerfile, arguments, base images and build context."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound
from docker.utils.build import exclude_paths

from cosmicdeploy.engine.building.base_images import BaseImages, base_images
from cosmicdeploy.engine.building.build_options import refuse_unapplied_options
from cosmicdeploy.engine.building.classic_builder import refuse_for_classic_builder, refuse_triggers
from cosmicdeploy.engine.building.dockerfile import Dockerfile, parse_dockerfile
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Build

ABSENT = "not here"


def read_buildable_dockerfile(build: Build) -> Dockerfile:
    """Return the parsed Dockerfile.

    Raises `ConfigError` if it is missing, and `Refused` if the builder would not build it as
    written.
    """
    refuse_unapplied_options(build)
    if not (build.context / build.dockerfile).is_file():
        raise ConfigError(
            "Dockerfile not found",
            where=str(build.context / build.dockerfile),
            todo="check build.context and build.dockerfile in the compose file",
        )
    dockerfile = parse_dockerfile(_dockerfile_text(build))
    refuse_for_classic_builder(build, dockerfile)
    return dockerfile


def bases(build: Build) -> BaseImages:
    """Return the images that the build uses. Raises as `read_buildable_dockerfile` does."""
    return base_images(
        read_buildable_dockerfile(build), build.args, str(build.context / build.dockerfile)
    )


def context_digest(api: APIClient, build: Build) -> str:
    """Return a SHA-256 digest of everything that decides the image's content.

    Raises as `read_buildable_dockerfile` does.
    """
    digest = hashlib.sha256()
    for item in _digest_inputs(api, build):
        digest.update(item.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def image_id(api: APIClient, reference: str) -> str:
    """Return the id of an image, or `ABSENT`."""
    try:
        return str(api.inspect_image(reference)["Id"])
    except ImageNotFound:
        return ABSENT


def _digest_inputs(api: APIClient, build: Build) -> Iterable[str]:
    yield f"target {build.target}"
    for name, value in sorted(build.args.items()):
        yield f"arg {name}={value}"
    yield _dockerfile_text(build)
    used = bases(build)
    for base in used.all:
        yield f"from {base} {image_id(api, base)}"
    for base in used.parents:
        refuse_triggers(build, base, _triggers(api, base))
    for path in sorted(
        exclude_paths(str(build.context), _ignore_patterns(build), build.dockerfile)
    ):
        yield _file_facts(build.context, path)


def _triggers(api: APIClient, reference: str) -> list[str]:
    """Return the ONBUILD instructions of an image; none if the image is missing."""
    try:
        return list(api.inspect_image(reference)["Config"].get("OnBuild") or [])
    except ImageNotFound:
        return []


def _dockerfile_text(build: Build) -> str:
    return (build.context / build.dockerfile).read_text("utf-8", errors="surrogateescape")


def _ignore_patterns(build: Build) -> list[str]:
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

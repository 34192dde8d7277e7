"""Compute a digest of everything that decides an image's content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound

from cosmicdeploy.engine.building.builders.choice import buildable
from cosmicdeploy.engine.building.context.files import context_files
from cosmicdeploy.engine.building.context.ignore_file import NAME, read_ignore_rules
from cosmicdeploy.engine.building.files_read import files_read
from cosmicdeploy.engine.building.recipe import Recipe
from cosmicdeploy.stack.model import Build

_IMAGE = "docker-image://"
# Stands for the id of an image that the engine does not have.
ABSENT = "not here"
# Keys of a build section that change the image, besides `args` and `additional_contexts`. Not among
# them: keys that only change how the image is built (caches, `pull`), and secrets and ssh keys,
# which the image does not contain.
_KEYS = ("extra_hosts", "labels", "network", "platforms", "provenance", "sbom", "target")


def context_digest(api: APIClient, build: Build) -> str:
    """Return a SHA-256 digest of everything that decides the image's content.

    Raises `ConfigError` if a file is missing or invalid, `Refused` if the image would not be built
    as written, and what the SDK raises.
    """
    recipe, _ = buildable(api, build)
    digest = hashlib.sha256()
    for item in _digest_inputs(api, recipe):
        digest.update(item.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def image_id(api: APIClient, reference: str) -> str:
    """Return the id of an image; `ABSENT` if the engine does not have the image."""
    try:
        return str(api.inspect_image(reference)["Id"])
    except ImageNotFound:
        return ABSENT


def _digest_inputs(api: APIClient, recipe: Recipe) -> Iterator[str]:
    build = recipe.build
    for key in _KEYS:
        if value := getattr(build, key):
            yield f"{key} {json.dumps(value, sort_keys=True)}"
    for name, value in sorted(build.args.items()):
        yield f"arg {name}={value}"
    yield recipe.source.text
    for base in recipe.bases.all:
        yield f"from {base} {image_id(api, base)}"
    for file in files_read(recipe):
        yield file.facts()
    for name, place in sorted(build.additional_contexts.items()):
        yield from _further_context(api, name, place)


def _further_context(api: APIClient, name: str, place: str) -> Iterator[str]:
    yield f"context {name}"
    folder = Path(place)
    if place.startswith(_IMAGE):
        yield image_id(api, place.removeprefix(_IMAGE))
    elif folder.is_dir():
        ignore_file = folder / NAME
        rules = read_ignore_rules(ignore_file if ignore_file.is_file() else None)
        for file in context_files(folder, rules):
            yield file.facts()
    else:
        yield place  # the content at an address is unknown before the build

"""The command line of `docker buildx build`, and its environment, which holds the secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from cosmicdeploy.engine.building.recipe import Recipe

_SECRET_VARIABLE = "COSMICDEPLOY_BUILD_SECRET_"  # noqa: S105 - the name of a variable
# Variables whose names begin so change what the docker command does. A build argument with such a
# name is assumed to be no secret, so it goes on the command line instead of into the environment.
_OF_DOCKER = ("BUILDKIT_", "BUILDX_", "DOCKER_", "HOME", "LD_", "PATH", "XDG_")


def buildx_environment(recipe: Recipe) -> dict[str, str]:
    """Return the environment variables with the values of build arguments and secrets.

    These values are not on the command line, since every user of the machine can read command
    lines.
    """
    build = recipe.build
    secrets = {
        f"{_SECRET_VARIABLE}{number}": secret.value
        for number, secret in enumerate(build.secrets)
        if secret.file is None
    }
    args = {name: value for name, value in build.args.items() if not name.startswith(_OF_DOCKER)}
    return {**args, **secrets}


def buildx_command(
    recipe: Recipe, labels: Mapping[str, str], folder: Path, id_file: Path
) -> list[str]:
    """Return the arguments after `docker buildx`.

    buildx writes the image's id to `id_file`. If the Dockerfile stands in the compose file, this
    function writes it to `folder`.
    """
    return ["build", *_options(recipe, labels, folder, id_file), str(recipe.build.context)]


def _options(
    recipe: Recipe, labels: Mapping[str, str], folder: Path, id_file: Path
) -> Iterator[str]:
    build = recipe.build
    # "default" builds in the engine that the deployer uses. BUILDX_BUILDER selects another builder.
    if not os.environ.get("BUILDX_BUILDER"):
        yield from ("--builder", "default")
    yield from ("--load", "--progress", "plain", "--iidfile", str(id_file))
    yield from ("--file", str(recipe.source.file or _written(recipe, folder)))
    for name, value in build.args.items():
        yield from ("--build-arg", f"{name}={value}" if name.startswith(_OF_DOCKER) else name)
    for name, value in {**build.labels, **labels}.items():
        yield from ("--label", f"{name}={value}")
    for number, secret in enumerate(build.secrets):
        source = f"src={secret.file}" if secret.file else f"env={_SECRET_VARIABLE}{number}"
        yield from ("--secret", f"id={secret.id},{source}")
    for name, path in build.ssh.items():
        yield from ("--ssh", f"{name}={path}" if path else name)
    yield from _simple_options(recipe)


def _simple_options(recipe: Recipe) -> Iterator[str]:
    """Yield the options that need neither a file nor the environment, each with its value."""
    build = recipe.build
    values = {
        "--add-host": [f"{host}:{ip}" for host, ips in build.extra_hosts.items() for ip in ips],
        "--build-context": [f"{name}={at}" for name, at in build.additional_contexts.items()],
        "--cache-from": build.cache_from,
        "--cache-to": build.cache_to,
        "--network": [build.network] if build.network else [],
        "--no-cache-filter": build.no_cache_filter,
        "--platform": [recipe.platform] if recipe.platform else [],
        "--shm-size": [str(build.shm_size)] if build.shm_size else [],
        "--target": [build.target] if build.target else [],
        "--ulimit": [f"{name}={soft}:{hard}" for name, (soft, hard) in build.ulimits.items()],
        # A provenance attestation contains the time, so each build would give another image id.
        "--provenance": [build.provenance or "false"],
        "--sbom": [build.sbom] if build.sbom else [],
    }
    for option, each in values.items():
        for value in each:
            yield from (option, value)
    if build.no_cache:
        yield "--no-cache"


def _written(recipe: Recipe, folder: Path) -> Path:
    """Write the text of a `dockerfile_inline` to `folder`, outside of the context."""
    file = folder / "Dockerfile"
    file.write_bytes(recipe.source.text.encode("utf-8", "surrogateescape"))
    return file

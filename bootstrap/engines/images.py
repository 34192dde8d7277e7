"""Copy base images into an engine that has no network, with the application's packages."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Mapping

import docker
from docker.errors import BuildError, DockerException, ImageNotFound

from bootstrap.engines.catalogue import ROOT
from bootstrap.engines.daemon import RunningEngine
from bootstrap.engines.root_folder import EngineError, say

IMAGES = ROOT / ".cache" / "images.env"
LARAVEL_IMAGES = ROOT / ".cache" / "images-laravel.env"
PROXY_IMAGES = ROOT / ".cache" / "images-proxies.env"
REQUIREMENTS = ROOT / "cosmicdeploy" / "payload" / "app" / "requirements.txt"
PYTHON = "PYTHON_IMAGE"
# Installs the packages where the shipped application's Dockerfile does, so that its own
# `pip install` has nothing to download.
WITH_PACKAGES = """\
ARG BASE
FROM ${BASE}
COPY requirements.txt /tmp/requirements.txt
RUN python3 -m venv /opt/venv \\
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \\
        --require-hashes --only-binary :all: -r /tmp/requirements.txt
"""
PREPARED = "cosmicdeploy/python-with-packages:latest"
INPUTS_LABEL = "cosmicdeploy.inputs"


def copy_base_images(
    source: docker.DockerClient, engine: RunningEngine, *, only: Collection[str] = ()
) -> None:
    """Copy the base images into the engine, also those of Laravel and the proxies if built.

    `.cache/images.env` names the base images and, if they exist, `.cache/images-laravel.env` that
    of Laravel and `.cache/images-proxies.env` those of other load balancers than nginx. `only`
    limits the copy to the images of these variables; it must contain PYTHON_IMAGE. The
    application's packages are installed in that image first, since the engine has no network.
    Raises `EngineError`.
    """
    if not IMAGES.is_file():
        raise EngineError(f"{IMAGES} is missing: run `make images`")
    files = [each for each in (IMAGES, LARAVEL_IMAGES, PROXY_IMAGES) if each.is_file()]
    lines = [line for each in files for line in each.read_text(encoding="utf-8").splitlines()]
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    names = {variable: name for variable, name in pairs if not only or variable in only}
    try:
        base = names[PYTHON]
        copied = {name: name for name in names.values() if name != base}
        copy(source, engine, copied | {_prepared(source, base): base})
    except (DockerException, OSError) as error:
        raise EngineError(
            f"images cannot be copied to Engine {engine.kind.name}: {error}"
        ) from error


def copy(source: docker.DockerClient, engine: RunningEngine, names: Mapping[str, str]) -> None:
    """Copy the images that the engine lacks.

    `names` maps the name of an image in `source` to its name in `engine`.
    """
    record = engine.kind.data / "cosmicdeploy-images.json"
    # An image may have another id in the engine's store, so the source's ids are recorded.
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    target = engine.client()
    for name, target_name in names.items():
        image_id = str(source.images.get(name).id)
        if known.get(target_name) == image_id and _is_present(target, target_name):
            continue
        say(f"copying {target_name} to Engine {engine.kind.name}")
        for _progress in target.api.load_image(source.api.get_image(name)):
            pass
        target.images.get(name).tag(target_name)
        known[target_name] = image_id
        record.write_text(json.dumps(known), encoding="utf-8")


def _is_present(client: docker.DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _prepared(client: docker.DockerClient, base: str) -> str:
    """Return the name of the base image with the application's packages, built if needed."""
    requirements = REQUIREMENTS.read_bytes()
    base_id = str(client.images.get(base).id)
    inputs = hashlib.sha256(b"\0".join([WITH_PACKAGES.encode(), requirements, base_id.encode()]))
    labels = {INPUTS_LABEL: inputs.hexdigest()}
    if _is_present(client, PREPARED):
        present = client.images.get(PREPARED).labels
        if present.get(INPUTS_LABEL) == labels[INPUTS_LABEL]:
            return PREPARED
    say(f"installing the application's packages on {base}")
    context = _archive({"Dockerfile": WITH_PACKAGES.encode(), "requirements.txt": requirements})
    try:
        client.images.build(
            fileobj=context,
            custom_context=True,
            tag=PREPARED,
            buildargs={"BASE": base},
            labels=labels,
            rm=True,
            forcerm=True,
        )
    except BuildError as error:
        last = [str(line["stream"]).rstrip() for line in error.build_log if line.get("stream")]
        raise EngineError("\n".join([f"{PREPARED}: {error.msg}", *last[-15:]])) from error
    return PREPARED


def _archive(files: Mapping[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    buffer.seek(0)
    return buffer

"""A real image registry on a free port of 127.0.0.1: Debian's docker-registry."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker

from cosmicdeploy.probes.http import send_request
from cosmicdeploy.process.polling import poll
from tests.stack.support.harness import ROOT

PROGRAM = ROOT / ".cache/docker-registry/usr/bin/docker-registry"
USER, PASSWORD = "shop", "secret"
# The bcrypt hash of PASSWORD: the registry accepts no other kind of hash.
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
NOISE = 3_000_000
CONFIGURATION = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", secret: tests}}
"""
AUTH = "auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}\n"


@dataclass(frozen=True)
class Registry:
    """A running registry; `host` is its address as image names contain it."""

    host: str
    folder: Path
    client: docker.DockerClient
    credentials: Mapping[str, str] | None = None

    def name(self, repository: str, tag: str) -> str:
        return f"{self.host}/{repository}:{tag}"

    def push_noise(self, repository: str, tag: str) -> tuple[str, str]:
        """Push an image of random bytes that only the registry has; return its id and digest."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo("noise")
            entry.size = NOISE
            tar.addfile(entry, io.BytesIO(os.urandom(NOISE)))
        name = f"cosmic-noise:{tag}"
        self.client.api.import_image_from_data(archive.getvalue(), "cosmic-noise", tag=tag)
        image_id = str(self.client.api.inspect_image(name)["Id"])
        digest = self.push(image_id, repository, tag)
        self.client.api.remove_image(name)
        return image_id, digest

    def push(self, image_id: str, repository: str, tag: str) -> str:
        """Push a local image, and return its digest; the engine's tag stays as it was."""
        api, full = self.client.api, f"{self.host}/{repository}"
        before = _image_id(api, f"{full}:{tag}")
        api.tag(image_id, full, tag, force=True)
        last = {}
        for message in api.push(
            full, tag=tag, stream=True, decode=True, auth_config=self.credentials or {}
        ):
            assert "error" not in message, message
            last = message.get("aux") or last
        digest = str(last["Digest"])
        if before is None:
            api.remove_image(f"{full}:{tag}")
        elif before != image_id:
            api.tag(before, full, tag, force=True)
            api.remove_image(f"{full}@{digest}")
        return digest

    def delete(self, repository: str, digest: str) -> None:
        """Remove an image with all its tags from the registry."""
        url = f"http://{self.host}/v2/{repository}/manifests/{digest}"
        subprocess.run(["curl", "-fsS", "-X", "DELETE", url], check=True, timeout=20)

    def spoil_layers(self) -> None:
        """Change every layer in the registry, so that no layer matches its digest."""
        for blob in (self.folder / "data").rglob("blobs/**/data"):
            if blob.stat().st_size > 100_000:
                blob.write_bytes(b"x" * blob.stat().st_size)

    def docker_config(self, folder: Path) -> Path:
        """Write a docker configuration with the credentials, and return its folder."""
        folder.mkdir(exist_ok=True)
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (folder / "config.json").write_text(json.dumps({"auths": {self.host: {"auth": auth}}}))
        return folder


@contextmanager
def running_registry(folder: Path, *, password: bool = False) -> Iterator[Registry]:
    """Run a registry with its data in this folder; with `password`, clients must log in as USER."""
    assert PROGRAM.is_file(), "the registry is not there: run `make registry`"
    folder.mkdir(exist_ok=True)
    host = f"127.0.0.1:{free_port()}"
    text = (CONFIGURATION + (AUTH if password else "")).format(
        folder=folder, port=host.partition(":")[2]
    )
    (folder / "config.yml").write_text(text)
    (folder / "htpasswd").write_text(HTPASSWD)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PROGRAM, "serve", folder / "config.yml"], stdout=log, stderr=log, env=environ
        )
    client = docker.from_env()
    try:
        poll(lambda: send_request(f"http://{host}/v2/").status, until=bool, every=0.05, within=20)
        login = {"username": USER, "password": PASSWORD} if password else None
        yield Registry(host, folder, client, login)
    finally:
        process.terminate()
        process.wait(10)
        client.close()


def _image_id(api: docker.APIClient, name: str) -> str | None:
    try:
        return str(api.inspect_image(name)["Id"])
    except docker.errors.ImageNotFound:
        return None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def free_ports(count: int) -> int:
    """Return the first of `count` consecutive ports that were free a moment ago."""
    while True:
        first = free_port()
        with suppress(OSError), ExitStack() as taken:
            for port in range(first, first + count):
                taken.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first

"""Build equivalents of the official base images from the packages of this machine's distribution.

All images are built on one minimal root file system. Each image has a label with the digest of its
inputs. An image is built again only when its inputs change.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import docker
import machine
from docker.errors import DockerException, ImageNotFound

FOLDER = Path(__file__).parent / "images"
INPUTS_LABEL = "cosmicdeploy.inputs"
# Image → the package whose version the image has, if image and package differ in name.
PACKAGES = {
    "python": "python3",
    "redis": "redis-server",
    "mariadb": "mariadb-server-core",
    "laravel": "php-laravel-framework",
}
# Images with a program from a wheel of Python's package index. Their version is in their tag.
FROM_WHEELS = frozenset({"traefik", "caddy"})
# The Debian release and its package that contains the keys of Ubuntu's releases.
UBUNTU_KEYS = ("trixie", "ubuntu-keyring")
UBUNTU_KEYRING = "usr/share/keyrings/ubuntu-archive-keyring.gpg"
# With two builds, one downloads while the other unpacks. A third build would only wait for them.
BUILDS_AT_ONCE = 2

Say = Callable[[str], None]


class BuildError(Exception):
    """An image cannot be built; the message has the reason and what to do."""


@dataclass(frozen=True)
class Builder:
    """Builds images on an engine, and reports progress with `say`."""

    client: docker.DockerClient
    say: Say

    def is_current(self, name: str, inputs: str) -> bool:
        """Return whether the engine has this image, built from these inputs."""
        try:
            return self.client.images.get(name).labels.get(INPUTS_LABEL) == inputs
        except ImageNotFound:
            return False

    def make_root(self, name: str, inputs: str) -> None:
        """Create the root file system of a distribution release, and import it as image `name`.

        The tag of `name` is the code name of the release.
        """
        repository, suite = name.split(":")
        with tempfile.TemporaryDirectory(prefix="cosmicdeploy-root-") as folder:
            sources, settings, out = (
                Path(folder, part) for part in ("apt.list", "apt.conf", "root.tar")
            )
            sources.write_text(machine.apt_sources(suite), encoding="utf-8")
            settings.write_text(machine.apt_settings(), encoding="utf-8")
            keyring = [_ubuntu_keyring(Path(folder, "keys"))] if machine.is_foreign(suite) else []
            files = map(str, (sources, settings, out, *keyring))
            _run("the root file system", str(FOLDER / "root.sh"), suite, *files)
            self.client.api.import_image_from_file(
                str(out),
                repository=repository,
                tag=suite,
                changes=[f"LABEL {INPUTS_LABEL}={inputs}", 'CMD ["bash"]'],
            )

    def make_image(self, name: str, base: str, inputs: str) -> None:
        """Build the image `name` from its folder, based on `base`."""
        service = _service(name)
        labels = {INPUTS_LABEL: inputs, "org.opencontainers.image.version": _version(name, base)}
        with tempfile.TemporaryDirectory(prefix="cosmicdeploy-image-") as folder:
            context = shutil.copytree(FOLDER / service, folder, dirs_exist_ok=True)
            if service == "python" or service in FROM_WHEELS:
                Path(context, "pip.conf").write_text(machine.pip_conf(), encoding="utf-8")
            self._build(name, context, {"BASE": base}, labels)

    def _build(self, name: str, context: str, args: dict[str, str], labels: dict[str, str]) -> None:
        lines = self.client.api.build(
            path=context,
            tag=name,
            buildargs=args,
            labels=labels,
            rm=True,
            forcerm=True,
            decode=True,
        )
        output: list[str] = []
        for line in lines:
            output += line.get("stream", "").splitlines()
            if "error" in line:
                raise BuildError("\n".join([f"{name}: {line['error']}", *output[-15:]]))


def build_all(
    client: docker.DockerClient, names: Sequence[str], say: Say, suite: str | None = None
) -> None:
    """Build the images that are missing or outdated. Raises `BuildError`.

    `suite` is the distribution release that the images are built from; None means the release of
    this machine.
    """
    builder = Builder(client, say)
    try:
        _install_tools(say)
        suite = suite or machine.codename()
        base = f"cosmicdeploy/base:{suite}"
        root_inputs = digest(
            "root.sh", machine.apt_sources(suite), machine.apt_settings(), _ca_certificates_digest()
        )
        if not builder.is_current(base, root_inputs):
            timed(say, base, lambda: builder.make_root(base, root_inputs))
        inputs = {name: digest(_service(name), root_inputs, machine.pip_conf()) for name in names}
        outdated = [name for name in names if not builder.is_current(name, inputs[name])]

        def build(name: str) -> None:
            timed(say, name, lambda: builder.make_image(name, base, inputs[name]))

        with ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
            list(pool.map(build, outdated))
    except (machine.MachineError, DockerException) as error:
        raise BuildError(str(error)) from error


def timed(say: Say, name: str, make: Callable[[], None]) -> None:
    """Run `make`; report its start and its duration."""
    say(f"images: building {name}")
    begin = time.monotonic()
    make()
    say(f"images: built {name} in {time.monotonic() - begin:.0f} s")


def digest(part: str, *texts: str) -> str:
    """Return the digest of `part` (a file or folder of images/) together with `texts`."""
    path = FOLDER / part
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    content = hashlib.sha256()
    for file in files:
        content.update(f"{file.relative_to(FOLDER)}\0{file.stat().st_mode & 0o111:o}\0".encode())
        content.update(file.read_bytes())
    for text in texts:
        content.update(b"\0" + text.encode())
    return content.hexdigest()


def _service(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0]


def _version(name: str, base: str) -> str:
    """Return the version of the image's main package.

    If the image is built from another release than this machine's, or from a wheel, apt does not
    know the version, and this returns the image's tag.
    """
    service = _service(name)
    if service in FROM_WHEELS or base.rpartition(":")[2] != machine.codename():
        return name.rpartition(":")[2]
    return machine.package_version(PACKAGES.get(service, service))


def _ca_certificates_digest() -> str:
    path = machine.CA_CERTIFICATES
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _ubuntu_keyring(folder: Path) -> Path:
    """Unpack the keys of Ubuntu's releases into a folder, and return the file."""
    unpack = FOLDER.parent / "unpack-package.sh"
    folder.parent.chmod(0o755)  # apt reads the keys as a user of its own
    _run("the keys of Ubuntu's releases", str(unpack), *UBUNTU_KEYS, str(folder))
    return folder / UBUNTU_KEYRING


def _install_tools(say: Say) -> None:
    machine.codename()  # first, so that other distributions are refused with a clear error
    if shutil.which("mmdebstrap") and machine.has_package_lists():
        return
    say("images: getting mmdebstrap, which packs the root file system")
    _run("mmdebstrap", str(FOLDER.parent / "apt-install.sh"), "mmdebstrap")


def _run(what: str, *command: str) -> None:
    # The command's output goes to stderr, as progress: stdout is only for this script's result.
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode:
        raise BuildError(f"cannot get {what}: see the lines above")

"""Images that the tests build: removed at the end, with all that they leave behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from cosmicdeploy.engine import connect
from cosmicdeploy.stack.model import Build
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.support.harness import IMAGES, ROOT

BUILDX_CONFIG = ROOT / ".cache" / "buildx-config"


@dataclass
class Workshop:
    """Builds images from a folder; `lines` is the output of the last build."""

    folder: Path
    engine: Any = field(default_factory=connect)
    lines: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    new: str = field(default_factory=lambda: uuid4().hex)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by name.

        `{base}` is a base image with Debian's tools; `{new}` differs in each test, so that nothing
        is in the builder's cache from an earlier run.
        """
        base = read_env_file(IMAGES)["PYTHON_IMAGE"]
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{base}", base).replace("{new}", self.new))

    def build(self, **keys: Any) -> str:
        """Build with cosmicdeploy; return the image's id."""
        self.lines.clear()
        tag = self._new_tag()
        build = Build(context=self.folder, **keys)
        image_id: str = self.engine.build(build, tag, {}, self.lines.append)
        return image_id

    def digest(self, **keys: Any) -> str:
        """Return what decides whether an image is built again."""
        digest: str = self.engine.context_digest(Build(context=self.folder, **keys))
        return digest

    def docker_build(self, *options: str) -> str:
        """Build with the docker command; return the image's tag."""
        tag = self._new_tag()
        command = ["docker", "buildx", "build", "--load", "--tag", tag, *options, str(self.folder)]
        environment = {**os.environ, "DOCKER_CONFIG": str(BUILDX_CONFIG)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return tag

    def _new_tag(self) -> str:
        self.tags.append(f"cosmicdeploy-test/build:{uuid4().hex[:8]}")
        return self.tags[-1]


def in_image(image: str, script: str) -> str:
    """Return what a shell script prints in a container of the image."""
    command = ["docker", "run", "--rm", "--network", "none", image, "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def files_in(image: str, folder: str) -> list[str]:
    """Return each file below a folder of the image: name, type, mode, target, owner, content."""
    script = f"cd {folder} && find . -printf '%P %y %m %l %U:%G\\n'; find . -type f | xargs cksum"
    return sorted(in_image(image, script).splitlines())


@contextmanager
def workshop(folder: Path) -> Iterator[Workshop]:
    shop = Workshop(folder)
    try:
        yield shop
    finally:
        for tag in shop.tags:
            shop.engine.untag(tag)

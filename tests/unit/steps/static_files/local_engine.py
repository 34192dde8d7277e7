"""An engine whose images and volumes are folders of this machine, and whose commands really run."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmicdeploy.engine.facts import Container, ExecResult, FileFacts, Image
from cosmicdeploy.engine.image_files import read_files
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.static_files.record import ID_FILE
from cosmicdeploy.stack.model import Service, Volume
from cosmicdeploy.steps.static_files import volume_shell


@dataclass
class LocalEngine:
    """Images are folders `images/ID`, volumes are folders `volumes/NAME`.

    A container sees its image's files where they are on this machine. `created` are the services of
    which containers were created, by id; `killed_after`: the number of commands after which the
    engine is gone.
    """

    folder: Path
    tags: dict[str, str] = field(default_factory=dict)
    containers_in_place: dict[str, Container] = field(default_factory=dict)
    created: dict[str, Service] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    read_images: int = 0
    killed_after: int = 1_000

    def image_folder(self, image_id: str) -> Path:
        return self.folder / "images" / image_id

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def add_image(self, image_id: str, files: Mapping[str, str], tag: str = "shop") -> None:
        """Add an image with files at /srv/public, and tag it."""
        write_files(self.image_folder(image_id), files)
        self.tags[tag] = image_id

    # --- what the step uses

    def image(self, reference: str) -> Image | None:
        image_id = self.tags.get(reference, reference)
        return Image(id=image_id) if self.image_folder(image_id).is_dir() else None

    def container(self, reference: str) -> Container | None:
        return self.containers_in_place.get(reference)

    def image_files(self, image_id: str, folder: str, _project: str) -> dict[str, FileFacts]:
        self.read_images += 1
        source = self._in_image(image_id, folder)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.add(source, ".")
        return read_files(iter([buffer.getvalue()]))

    def _in_image(self, image_id: str, folder: str) -> Path:
        return self.image_folder(image_id) / Path(folder).relative_to("/")

    def volume_exists(self, name: str) -> bool:
        return self.volume(name).is_dir()

    def read_file(self, container_id: str, path: str) -> bytes | None:
        """Read a file of the volume `shop_public`, which each container has at /srv/public."""
        assert any(each.id == container_id for each in self.containers_in_place.values())
        file = self.volume("shop_public") / Path(path).relative_to("/srv/public")
        return file.read_bytes() if file.is_file() else None

    def ensure_volume(self, volume: Volume, _project: str) -> bool:
        if self.volume(volume.name).is_dir():
            return False
        self.volume(volume.name).mkdir(parents=True)
        return True

    def create(self, service: Service, *, name: str, image: str, **_more: Any) -> str:
        self.created[name] = service
        [mount] = service.mounts
        volume = self.volume(mount.source)
        if mount.target != volume_shell.ROOT and not any(volume.iterdir()):
            shutil.copytree(
                self._in_image(image, mount.target), volume, symlinks=True, dirs_exist_ok=True
            )
        return name

    def start(self, container_id: str) -> None:
        self.running.append(container_id)

    def discard(self, container_id: str) -> None:
        del self.created[container_id]
        if container_id in self.running:
            self.running.remove(container_id)

    def exec(
        self, container_id: str, argv: Sequence[str], *, stdin: Iterable[bytes] = ()
    ) -> ExecResult:
        """Run a command; the paths of volume and image in it are those on this machine."""
        self.killed_after -= 1
        if self.killed_after < 0:
            raise EngineError("The engine is gone")
        service = self.created[container_id]
        assert container_id in self.running
        volume = str(self.volume(service.mounts[0].source))
        image = str(self.image_folder(service.image))
        text = b"".join(stdin).replace(b"/srv/public", image.encode() + b"/srv/public")
        done = subprocess.run(
            ["/bin/sh", *(word.replace(volume_shell.ROOT, volume) for word in argv[1:])],
            input=text,
            capture_output=True,
            timeout=30,
            check=False,
            env={"PATH": os.environ.get("SHELL_PATH", "/usr/bin:/bin")},
        )
        return ExecResult(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def write_files(image: Path, files: Mapping[str, str]) -> None:
    """Write the files of an image below its /srv/public; a text "-> target" is a link."""
    for name, text in files.items():
        path = image / "srv/public" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text.removeprefix("-> "))
        else:
            path.write_text(text)
    (image / "srv/public").mkdir(parents=True, exist_ok=True)


def read_volume(volume: Path) -> dict[str, str]:
    """Return the files of a volume by path, without its id; a link is "-> target"."""
    return {
        str(path.relative_to(volume)): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        for path in volume.rglob("*")
        if (path.is_symlink() or path.is_file()) and path != volume / ID_FILE
    }

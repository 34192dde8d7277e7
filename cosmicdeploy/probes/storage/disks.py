"""Read how full the file systems are that a container uses."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container

# A line of `df -P`: device, total, used, available, share in use, folder.
LINE = re.compile(r"^(.+?)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)%\s+(/.*)$")
KIBIBYTE = 1 << 10
HERE = "this machine"
# Seconds. `df` answers immediately, unless the server of a network file system is down.
SILENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class FileSystem:
    """A file system as `df` reports it in a container, in KiB or in inodes.

    `folder` is where it is mounted in the container.
    """

    device: str
    folder: str
    total: int
    used: int
    available: int

    @property
    def share(self) -> float:
        """The share in use, from 0 to 1, of what users other than root may use."""
        usable = self.used + self.available
        return self.used / usable if usable else 0.0

    @property
    def is_in_memory(self) -> bool:
        """Whether the file system has no disk (tmpfs)."""
        return self.device in ("tmpfs", "shm")


def file_systems(
    ctx: Context, container: Container, folders: Sequence[str], *, inodes: bool = False
) -> list[FileSystem]:
    """Return the file systems of these folders in a container, with sizes in KiB or in inodes.

    Runs `df` in the container; returns an empty list if the container has no `df`. Raises
    `EngineError`, also if `df` does not answer because the server of a network file system is down.
    """
    command = ["df", "-P", "-i" if inodes else "-k", *folders]
    return list(parse_df(ctx.engine.exec(container.id, command, silence=SILENCE_SECONDS).text))


def parse_df(text: str) -> Iterator[FileSystem]:
    """Yield the file systems in the output of `df -P`, except those that `df` cannot measure."""
    for line in text.splitlines():
        if match := LINE.match(line):
            device, total, used, available, _, folder = match.groups()
            if int(total):
                yield FileSystem(
                    device=device,
                    folder=folder,
                    total=int(total),
                    used=int(used),
                    available=int(available),
                )


def nearest_existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent if it does not exist yet."""
    while not os.access(folder, os.F_OK):  # `exists` raises below a folder without access
        folder = folder.parent
    return folder


def file_system_here(folder: Path) -> FileSystem:
    """Return the file system of a folder of this host, with sizes in KiB.

    If the folder does not exist yet, that of its nearest parent.
    """
    folder = nearest_existing(folder)
    usage = shutil.disk_usage(folder)
    return FileSystem(
        device=HERE,
        folder=str(folder),
        total=usage.total // KIBIBYTE,
        used=usage.used // KIBIBYTE,
        available=usage.free // KIBIBYTE,
    )

"""What the engine says about itself and its host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class EngineInfo:
    """The engine's version, and the name and clock of its host.

    `address` is where it answers. `root_folder` is the folder of images, volumes and containers on
    its host; `is_local` says whether that is this machine. `hides_containers` says whether the
    engine keeps its containers' addresses to itself: a rootless one, and Docker Desktop. `time` is
    a Unix time; None if it is unknown.
    """

    version: str
    host: str
    address: str
    root_folder: str = ""
    is_local: bool = True
    hides_containers: bool = False
    time: float | None = None

    @property
    def description(self) -> str:
        """The engine's version, host name and address as one line for operators."""
        return f"Docker Engine {self.version} on {self.host} ({self.address})"

    @property
    def reaches_containers(self) -> bool:
        """Whether this machine reaches containers at their own addresses."""
        return self.is_local and not self.hides_containers

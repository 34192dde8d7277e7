"""What the engine says about itself and its host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class EngineInfo:
    """The engine's version, and the name and clock of its host.

    `address` is where the engine answers. `root_folder` is the folder of images, volumes and
    containers on the host; `is_local` says whether the host is this machine. `hides_containers`
    says whether not even the host reaches the containers' addresses, as with a rootless engine and
    with Docker Desktop. `time` is the host's Unix time; None if it is unknown.
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

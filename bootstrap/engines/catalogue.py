"""The engines that can be started, by name, and where their files are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# May be a symbolic link. The paths below are resolved, since an engine mounts real folders.
CACHE = ROOT / ".cache"
STATE = Path("/run/cosmicdeploy-engines")
PACKAGES = (
    "ca-certificates",
    "docker.io",
    "docker-buildx",
    "iproute2",
    "iptables",
    "mount",
    "procps",
)


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """An engine of a Debian release. Kinds of the same release share a root file system.

    `settings` is the content of its daemon.json.
    """

    name: str
    suite: str
    packages: tuple[str, ...] = PACKAGES
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The root file system of the release. It is kept when the engine stops."""
        return (CACHE / "engines").resolve() / f"root-{self.suite}"

    @property
    def data(self) -> Path:
        """The folder of the engine's images. It is kept when the engine stops."""
        return (CACHE / "engines").resolve() / f"data-{self.name}"

    @property
    def state(self) -> Path:
        """The folder of socket, pid file and log; short, since a socket's path has a limit."""
        return STATE / self.name

    @property
    def socket(self) -> str:
        return f"unix://{self.state}/docker.sock"


ENGINES = {
    kind.name: kind
    for kind in (
        # Debian 12 has no buildx.
        EngineKind(
            name="20.10",
            suite="bookworm",
            packages=tuple(name for name in PACKAGES if name != "docker-buildx"),
        ),
        EngineKind(name="26", suite="trixie"),
        EngineKind(name="28", suite="sid"),
        # Engine 28 with the image store that Engine 29 uses by default.
        EngineKind(
            name="28-containerd",
            suite="sid",
            settings={"features": {"containerd-snapshotter": True}},
        ),
    )
}
NEWEST = "28"

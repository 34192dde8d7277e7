"""How containers are replaced, and how clients are kept away from them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator

from cosmicdeploy.settings.section import Section

Order = Literal["stop-first", "start-first"]


class Orders(Section):
    """Which goes first, by role; there is never a second scheduler."""

    app: Order = "stop-first"
    worker: Order = "stop-first"


class Restart(Section):
    """Times in seconds, the rest in numbers of containers and of answers.

    `between_jobs` are those who do not heed their stop signal and do each job in a process of its
    own.
    """

    order: Orders = Orders()
    between_jobs: tuple[Literal["scheduler", "worker"], ...] = ()
    max_unavailable: int = Field(default=1, ge=1)
    max_surge: int = Field(default=1, ge=1)
    healthy_within: float = Field(default=60, gt=0)
    passes: int = Field(default=3, ge=1)
    pause: float = Field(default=2, ge=0)


class Proxy(Section):
    """`out_of_service` names a file in the proxy's container for each replica, by `{service}`."""

    out_of_service: str | None = None

    @field_validator("out_of_service")
    @classmethod
    def _of_each(cls, path: str | None) -> str | None:
        if path is not None and not (path.startswith("/") and "{service}" in path):
            raise ValueError("must be an absolute path with {service} in it")
        return path


class Maintenance(Section):
    """How clients are turned away while data is exchanged: `file` is looked for by the proxy."""

    file: PurePosixPath | None = None

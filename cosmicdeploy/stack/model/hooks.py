"""Commands that run in a container around its start and stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A command of `post_start` or `pre_stop`.

    If `user` or `working_dir` is "", the command runs with the container's own.
    """

    command: tuple[str, ...]
    user: str = ""
    privileged: bool = False
    working_dir: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

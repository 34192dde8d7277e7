"""What a compose file says about the rollout of a service, and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    """The keys of `update_config` or `rollback_config`; None if the file does not set one.

    `parallelism` is how many containers are replaced at a time, 0 for all; `delay` and `monitor`
    are in seconds. `failure_action` is continue, pause or rollback; `order` is start-first or
    stop-first.
    """

    parallelism: int | None = None
    delay: float | None = None
    failure_action: str | None = None
    monitor: float | None = None
    max_failure_ratio: float | None = None
    order: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The `deploy` section, without what containers are created with.

    `labels` are those of a Swarm service; containers do not get them.
    """

    update: RolloutSettings | None = None
    rollback: RolloutSettings | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

"""The parts of a service's `deploy` section about rollouts, and the section's labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    """The keys of `update_config` or `rollback_config`; a key that is not set is None.

    `parallelism` is how many containers are replaced at a time; 0 means all. `delay` and `monitor`
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
    """The parts of the `deploy` section that do not affect how a container is created.

    `labels` are meant for a Swarm service; containers do not get them.
    """

    update: RolloutSettings | None = None
    rollback: RolloutSettings | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

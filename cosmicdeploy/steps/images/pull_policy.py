"""When an image is pulled: `pull_policy`, as Compose 2 reads it.

- `missing`, the default, pulls an image that does not exist on this engine.
- `always` also pulls whenever the registry has another image.
- `daily`, `weekly` and `every_<duration>` do the same as `always`, but only if the tag was last
  pulled or set at least that long ago.
- `never` and `build` do not pull.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.stack.model import Service

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_PERIODS = {"daily": "1d", "weekly": "1w"}
MISSING = "missing"


def policy_of(service: Service) -> str:
    """Return the policy of a service; the default is `missing`."""
    return service.pull_policy or MISSING


def may_pull(service: Service) -> bool:
    """Return whether the policy lets a missing image be pulled."""
    return policy_of(service) not in ("never", "build")


def is_due(service: Service, image: Image) -> bool:
    """Return whether it is time to ask the registry for a newer image than this one."""
    policy = policy_of(service)
    if policy == "always":
        return True
    period = seconds_between(policy)
    return period is not None and _age(image) >= period


def seconds_between(policy: str) -> int | None:
    """Return the seconds of a policy such as `daily` or `every_1d12h`; None for any other."""
    parts = re.findall(r"(\d+)([wdhms])", _PERIODS.get(policy, policy.removeprefix("every_")))
    is_period = policy in _PERIODS or policy.startswith("every_")
    return sum(int(count) * _SECONDS[unit] for count, unit in parts) if is_period else None


def _age(image: Image) -> float:
    """Return the seconds since the image was tagged; infinity if the engine does not know."""
    # The engine writes the year 1 for "never".
    if not image.tagged_at or image.tagged_at.startswith("0001"):
        return float("inf")
    at = datetime.fromisoformat(image.tagged_at[:19]).replace(tzinfo=UTC)
    return (datetime.now(UTC) - at).total_seconds()

"""A container's health check that also fails while a drain file exists in the container.

Some load balancers send a container requests only while the engine calls it healthy. To drain such
a container, the deployer creates a file that makes the health check fail. The container's label
`DRAIN_CHECK` says which file. The definition of the service is not changed: Compose sees no
difference, and the comparison with the definition adds the same check to it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.creation.host_config import NANOSECONDS
from cosmicdeploy.stack.model import Healthcheck, Service

Json = Mapping[str, Any]
# The engine's defaults, in seconds.
INTERVAL, RETRIES = 30.0, 3
# In seconds: the engine runs the check at least this often, so that it notices the drain file soon.
# Each time costs a busy host up to a tenth of a second. The container's own check runs as rarely as
# before.
DRAIN_INTERVAL = 5.0
SHELL, NONE = "CMD-SHELL", "NONE"
# The state of the own check: how often it has failed in a row, and how many times it is skipped
# before it runs again. Until it has passed for the first time, it runs each time.
SCRIPT = """\
f={file}
test ! -e $f || {{ echo drained by cosmicdeploy; exit 1; }}
n= i=
test ! -r $f.state || read -r n i <$f.state
n=${{n:-{retries}}} i=${{i:-0}}
if test "$i" -gt 0; then i=$((i - 1))
elif (
{own}
); then n=0 i={skipped}
elif test "$n" -lt {retries}; then n=$((n + 1)) i={skipped}
fi
echo "$n $i" >$f.state
test "$n" -lt {retries}"""
# For a container without a check of its own: whether something listens on the port.
LISTENS = """\
for t in /proc/net/tcp /proc/net/tcp6; do
    test ! -r $t || while read -r _ a _ s _; do
        case $a$s in *:{port:04X}0A) exit 0 ;; esac
    done <$t
done
echo nothing listens on port {port}; exit 1"""


@dataclass(frozen=True, kw_only=True)
class DrainCheck:
    """The drain file's path in the container, and the port on which its application listens."""

    file: str
    port: int

    def label(self) -> dict[str, str]:
        """Return the label by which the container's creation adds the check."""
        return {labels.DRAIN_CHECK: f"{self.port} {self.file}"}


def drain_check_of(own_labels: Mapping[str, str]) -> DrainCheck | None:
    """Return the drain check of a container with these labels; None if it has none."""
    port, _, file = own_labels.get(labels.DRAIN_CHECK, "").partition(" ")
    return DrainCheck(file=file, port=int(port)) if port.isdecimal() and file else None


def with_drain_check(service: Service, image: Json, own_labels: Mapping[str, str]) -> Service:
    """Return the service with the drain check that these labels ask for; unchanged without one.

    `image` is the `Config` of the service's image, whose health check applies if the service
    declares none.
    """
    drain = drain_check_of(own_labels)
    if drain is None:
        return service
    own = _merged(service.healthcheck or Healthcheck(), image.get("Healthcheck") or {})
    return replace(service, healthcheck=_wrapped(own, drain))


def _wrapped(own: Healthcheck, drain: DrainCheck) -> Healthcheck:
    has_own = bool(own.test) and own.test[0] != NONE
    retries = (own.retries if has_own else None) or RETRIES
    interval = (own.interval if has_own else None) or (INTERVAL if has_own else DRAIN_INTERVAL)
    probed = min(interval, DRAIN_INTERVAL)
    script = SCRIPT.format(
        file=shlex.quote(drain.file),
        own=_command(own.test) if has_own else LISTENS.format(port=drain.port),
        retries=retries,
        skipped=max(0, round(interval / probed) - 1),
    )
    return Healthcheck(
        test=(SHELL, script),
        interval=probed,
        timeout=own.timeout if has_own else None,
        # The engine would call a container that still starts unhealthy after one failure.
        start_period=(own.start_period or 0.0) + retries * interval,
        start_interval=own.start_interval if has_own else None,
        retries=1,
    )


def _command(test: tuple[str, ...]) -> str:
    """Return a health check as a command of the shell."""
    return "\n".join(test[1:]) if test[0] == SHELL else shlex.join(test[1:])


def _merged(declared: Healthcheck, image: Json) -> Healthcheck:
    """Return the health check that the engine gives the container."""

    def seconds(key: str) -> float | None:
        return image[key] / NANOSECONDS if image.get(key) else None

    return Healthcheck(
        test=declared.test or tuple(image.get("Test") or ()),
        interval=declared.interval or seconds("Interval"),
        timeout=declared.timeout or seconds("Timeout"),
        start_period=declared.start_period or seconds("StartPeriod"),
        start_interval=declared.start_interval or seconds("StartInterval"),
        retries=declared.retries or image.get("Retries"),
    )

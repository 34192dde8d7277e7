"""A container's health check that also fails while a drain file exists in the container.

Some load balancers send a container requests only while the engine calls it healthy. To drain such
a container, the deployer creates a file that makes the health check fail. The container's label
`DRAIN_CHECK` says which file. So that the file is noticed soon, a single failure makes the
container unhealthy: the extended check ends the container's own check in time, and counts how often
that has failed. The definition of the service is not changed: Compose sees no difference, and the
comparison with the definition adds the same check to it.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.creation.host_config import NANOSECONDS
from cosmicdeploy.engine.facts import HealthTimes
from cosmicdeploy.stack.model import Healthcheck, Service

Json = Mapping[str, Any]
# The engine's defaults.
DEFAULTS = HealthTimes()
# In seconds: the engine runs the check at least this often, so that it notices the drain file soon.
# Each time costs a busy host up to a tenth of a second. The container's own check runs as rarely as
# before.
DRAIN_INTERVAL = 5.0
# In seconds: by how much the extended check may exceed the own check's timeout. If the engine ended
# it, that alone would make the container unhealthy.
ENGINE_SLACK = 30.0
SHELL, NONE = "CMD-SHELL", "NONE"
# `$f.state` has two numbers for the container's own check: how often it has failed in a row (`n`),
# and how many times it is still skipped before it runs again (`i`). Until it has passed for the
# first time, it runs each time.
#
# An image may lack the program `timeout`, so `sleep` runs beside the own check, which ends `sleep`
# when it is done. If `sleep` ends by itself, with status 0, the own check has taken too long. An
# image without `sleep` has only the engine's timeout. The script waits for both: children that it
# leaves behind become zombies if the container's first process does not expect them. Of a check
# that takes too long, a process is killed before its children, so that it starts no other program.
SCRIPT = """\
f={file}
test ! -e $f || {{ echo drained by cosmicdeploy; exit 1; }}
own_check() (
{own}
)
end_children_of() {{
    c=
    read -r c <"/proc/$1/task/$1/children"
    test "$1" = "$p" || kill -9 "$1"
    for c in $c; do end_children_of "$c"; done
}}
own_check_in_time() {{
    sleep {timeout} &
    w=$!
    (r=0; own_check || r=$?; kill "$w" 2>/dev/null; exit "$r") &
    p=$!
    wait "$w" 2>/dev/null || {{ wait "$p"; return; }}
    echo the check took longer than {timeout} s
    if test -r "/proc/$p/task/$p/children"; then end_children_of "$p"; else kill -9 "$p"; fi
    wait "$p" 2>/dev/null
    return 1
}}
n= i=
test ! -r $f.state || read -r n i <$f.state
n=${{n:-{retries}}} i=${{i:-0}}
if test "$i" -gt 0; then i=$((i - 1))
elif own_check_in_time; then n=0 i={skipped}
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
    times = _times(own) if has_own else HealthTimes(interval=DRAIN_INTERVAL)
    probed = min(times.interval, DRAIN_INTERVAL)
    # `sleep` of some images takes whole seconds only.
    timeout = math.ceil(times.timeout)
    script = SCRIPT.format(
        file=shlex.quote(drain.file),
        own=_command(own.test) if has_own else LISTENS.format(port=drain.port),
        timeout=timeout,
        retries=times.retries,
        skipped=max(0, round(times.interval / probed) - 1),
    )
    return Healthcheck(
        test=(SHELL, script),
        interval=probed,
        timeout=timeout + ENGINE_SLACK,
        # Since `retries` is 1, one failure after the start period makes a container unhealthy, even
        # one that is still starting.
        start_period=times.start_period + times.retries * (times.interval + timeout),
        start_interval=own.start_interval if has_own else None,
        retries=1,
    )


def _times(own: Healthcheck) -> HealthTimes:
    """Return the times of the own check, with the engine's defaults."""
    return HealthTimes(
        interval=own.interval or DEFAULTS.interval,
        timeout=own.timeout or DEFAULTS.timeout,
        retries=own.retries or DEFAULTS.retries,
        start_period=own.start_period or DEFAULTS.start_period,
    )


def _command(test: tuple[str, ...]) -> str:
    """Return a health check as a command of the shell.

    A program without a shell of its own replaces the shell that would wait for it, as the engine
    runs it: so it can be ended.
    """
    return "\n".join(test[1:]) if test[0] == SHELL else f"exec {shlex.join(test[1:])}"


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

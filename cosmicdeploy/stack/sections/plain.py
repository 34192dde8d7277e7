"""Read the keys of a service whose value goes into the field of the same name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.sections.hosts import read_hosts
from cosmicdeploy.stack.sections.resource_limits import read_ulimits
from cosmicdeploy.stack.units import seconds, size

_PULL_POLICY = re.compile(
    r"always|never|build|missing|if_not_present|daily|weekly|every_([0-9]+[wdhms])+"
)
_PLATFORM = re.compile(r"[\w.-]+(/[\w.-]+){0,2}")


def read_plain(service: ComposeValue) -> dict[str, Any]:
    """Return the fields that a service sets; absent keys have none."""
    given = {key: service.get(key) for key in READERS}
    return {key: READERS[key](item) for key, item in given.items() if item is not None}


def _pull_policy(entry: ComposeValue) -> str:
    word = entry.text()
    if not _PULL_POLICY.fullmatch(word):
        raise entry.error(
            f"'{word}' is not supported",
            "use always, never, missing, build, daily, weekly or every_<duration>, as in every_12h",
        )
    return "missing" if word == "if_not_present" else word


def _platform(entry: ComposeValue) -> str:
    word = entry.text()
    if not _PLATFORM.fullmatch(word):
        raise entry.error(f"'{word}' is not a platform", "write for example linux/amd64")
    return word


READERS: Mapping[str, Callable[[ComposeValue], Any]] = {
    **dict.fromkeys(("user", "working_dir", "hostname", "stop_signal"), ComposeValue.text),
    **dict.fromkeys(("init", "read_only", "privileged", "tty", "stdin_open"), ComposeValue.flag),
    **dict.fromkeys(
        ("cap_add", "cap_drop", "security_opt", "dns", "group_add"), ComposeValue.texts
    ),
    **dict.fromkeys(("labels", "sysctls"), ComposeValue.filled_pairs),
    "cpu_shares": ComposeValue.integer,
    "extra_hosts": read_hosts,
    "pull_policy": _pull_policy,
    "shm_size": size,
    "stop_grace_period": seconds,
    "ulimits": read_ulimits,
}

"""Read a service of the compose file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Service
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.build import read_build
from cosmicdeploy.stack.sections.dependencies import read_dependencies
from cosmicdeploy.stack.sections.healthcheck import read_healthcheck
from cosmicdeploy.stack.sections.hosts import read_hosts
from cosmicdeploy.stack.sections.mounts import read_mounts
from cosmicdeploy.stack.sections.networks import read_attachments
from cosmicdeploy.stack.sections.ports import read_expose, read_ports
from cosmicdeploy.stack.sections.resource_limits import read_limits, read_ulimits, refuse_replicas
from cosmicdeploy.stack.units import seconds, size
from cosmicdeploy.stack.values.words import UnclosedQuote, split
from cosmicdeploy.stack.variables.container_environment import read_environment

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")


def read_service(entry: ComposeValue, name: str, scope: Scope) -> Service:
    """Read a service, with defaults filled in. Raises `ConfigError` with the location."""
    _require_valid(entry, name)
    limits, declared = read_limits(entry), _container_name(entry)
    return Service(
        name=name,
        container_name=declared or f"{scope.project}-{name}-1",
        declared_name=declared,
        image=_image(entry, f"{scope.project}-{name}"),
        declares_image=entry.get("image") is not None,
        build=read_build(entry.get("build"), scope),
        command=_command_words(entry.get("command")),
        entrypoint=_command_words(entry.get("entrypoint")),
        environment=read_environment(entry, scope),
        ports=read_ports(entry.get("ports")),
        expose=read_expose(entry.get("expose")),
        mounts=read_mounts(entry, scope),
        networks=read_attachments(entry, name, scope),
        depends_on=read_dependencies(entry.get("depends_on")),
        healthcheck=read_healthcheck(entry.get("healthcheck")),
        ulimits=read_ulimits(entry.get("ulimits")),
        mem_limit=limits.memory,
        cpus=limits.cpus,
        pids_limit=limits.pids,
        **_lifecycle(entry),
        **_plain(entry),
        **_logging(entry.get("logging")),
    )


def _require_valid(entry: ComposeValue, name: str) -> None:
    if not isinstance(entry.data, dict) or not (entry.get("image") or entry.get("build")):
        raise entry.error("has neither image nor build", "add one of them")
    if not _NAME.fullmatch(name):
        raise entry.error("is not a valid name", "use letters, digits, '.', '-' and '_'")
    profiles, scale = entry.get("profiles"), entry.get("scale")
    if profiles is not None:
        for profile in profiles.items():
            profile.text()
    if scale is not None:
        refuse_replicas(scale)


def _container_name(entry: ComposeValue) -> str | None:
    given = entry.get("container_name")
    if given is None:
        return None
    if not _NAME.fullmatch(given.text()):
        raise given.error(
            f"'{given.text()}' is not a container name", "use letters, digits, '.', '-' and '_'"
        )
    return given.text()


def _image(entry: ComposeValue, default: str) -> str:
    given = entry.get("image")
    if given is None:
        return default
    if not given.text():
        raise given.error("is empty", "set the variable that it uses")
    return given.text()


def _command_words(entry: ComposeValue | None) -> tuple[str, ...] | None:
    if entry is None:
        return None
    if isinstance(entry.data, list):
        return entry.texts()
    try:
        return split(entry.text()).words
    except UnclosedQuote as error:
        raise entry.error(
            f"cannot be split into words: {error}", "check the quotes, or write a list of words"
        ) from None


def _lifecycle(entry: ComposeValue) -> dict[str, Any]:
    restart, grace = entry.get("restart"), entry.get("stop_grace_period")
    if restart is not None and not _RESTART.fullmatch(restart.text()):
        raise restart.error(
            f"'{restart.text()}' is not a restart policy",
            "use no, always, unless-stopped or on-failure:N",
        )
    return {
        "restart": restart.text() if restart else "no",
        "stop_grace_period": seconds(grace) if grace else 10.0,
    }


def _plain(entry: ComposeValue) -> dict[str, Any]:
    """Read the keys whose value goes into the field of the same name; skip absent keys."""
    readers: Mapping[str, Any] = {
        **dict.fromkeys(("user", "working_dir", "hostname", "stop_signal"), ComposeValue.text),
        **dict.fromkeys(
            ("init", "read_only", "privileged", "tty", "stdin_open"), ComposeValue.flag
        ),
        **dict.fromkeys(
            ("cap_add", "cap_drop", "security_opt", "dns", "group_add"), ComposeValue.texts
        ),
        **dict.fromkeys(("labels", "sysctls"), ComposeValue.filled_pairs),
        "extra_hosts": read_hosts,
        "shm_size": size,
        "cpu_shares": ComposeValue.integer,
    }
    given = {key: entry.get(key) for key in readers}
    return {key: readers[key](item) for key, item in given.items() if item is not None}


def _logging(entry: ComposeValue | None) -> dict[str, Any]:
    if entry is None:
        return {}
    entry.mapping(("driver", "options"))
    driver, options = entry.get("driver"), entry.get("options")
    return {
        "log_driver": driver.text() if driver else None,
        "log_options": options.filled_pairs() if options else {},
    }

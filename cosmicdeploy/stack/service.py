"""Read a service of the compose file."""

from __future__ import annotations

import re
from typing import Any

from cosmicdeploy.stack.model import Service
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.build import read_build
from cosmicdeploy.stack.sections.command import command_words
from cosmicdeploy.stack.sections.dependencies import read_dependencies
from cosmicdeploy.stack.sections.deploy import read_deploy, read_restart_policy
from cosmicdeploy.stack.sections.healthcheck import read_healthcheck
from cosmicdeploy.stack.sections.hooks import read_hooks
from cosmicdeploy.stack.sections.networking.links import implied_dependencies, read_links
from cosmicdeploy.stack.sections.networking.networks import read_attachments
from cosmicdeploy.stack.sections.networking.ports import read_expose, read_ports
from cosmicdeploy.stack.sections.plain import read_plain
from cosmicdeploy.stack.sections.replicas import check_replicas, read_replicas
from cosmicdeploy.stack.sections.resources.block_io import read_block_io
from cosmicdeploy.stack.sections.resources.devices import read_device_requests
from cosmicdeploy.stack.sections.resources.resource_limits import read_limits
from cosmicdeploy.stack.sections.storage.files import read_files
from cosmicdeploy.stack.sections.storage.mounts import read_mounts
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.variables.container_environment import read_environment
from cosmicdeploy.stack.variables.container_labels import read_labels

# Keys of which an empty text means that they are absent.
_MAY_BE_EMPTY = (
    "cgroup_parent", "container_name", "cpuset", "dns", "domainname", "hostname", "ipc",
    "mac_address", "network_mode", "pid", "platform", "restart", "runtime", "stop_signal", "tmpfs",
    "user", "userns_mode", "uts", "working_dir",
)  # fmt: skip
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")


def read_service(entry: ComposeValue, name: str, scope: Scope) -> Service:
    """Read a service, with defaults filled in. Raises `ConfigError` with the location."""
    _require_valid(entry, name)
    entry = entry.without_empty(*_MAY_BE_EMPTY)
    limits, declared = read_limits(entry, scope), _container_name(entry)
    mounts = read_mounts(entry, scope)
    files = read_files(entry, scope, {mount.target for mount in mounts})
    service = Service(
        name=name,
        container_name=declared or f"{scope.project}-{name}-1",
        declared_name=declared,
        image=_image(entry, f"{scope.project}-{name}"),
        declares_image=bool(entry.get("image") and entry.data["image"]),
        build=read_build(entry.get("build"), scope),
        command=entry.optional("command", command_words),
        entrypoint=entry.optional("entrypoint", command_words),
        environment=read_environment(entry, scope),
        ports=read_ports(entry.get("ports")),
        expose=read_expose(entry.get("expose")),
        mounts=(*mounts, *files.mounts),
        networks=read_attachments(entry, name, scope),
        depends_on={
            **implied_dependencies(entry),
            **read_dependencies(entry.get("depends_on")),
        },
        healthcheck=read_healthcheck(entry.get("healthcheck"), scope),
        mem_limit=limits.memory,
        cpus=limits.cpus,
        pids_limit=limits.pids,
        mem_reservation=limits.reservation,
        restart=_restart(entry, scope),
        device_requests=read_device_requests(entry),
        deploy=read_deploy(entry.get("deploy"), scope),
        copied_files=files.copied,
        links=read_links(entry),
        labels=read_labels(entry, scope),
        post_start=read_hooks(entry.get("post_start"), scope),
        pre_stop=read_hooks(entry.get("pre_stop"), scope),
        block_io=entry.optional("blkio_config", read_block_io),
        replicas=read_replicas(entry),
        **read_plain(entry),
        **_logging(entry.get("logging")),
    )
    check_replicas(entry, service)
    return service


def _require_valid(entry: ComposeValue, name: str) -> None:
    if not isinstance(entry.data, dict) or not (entry.get("image") or entry.get("build")):
        raise entry.error("has neither image nor build", "add one of them")
    if not _NAME.fullmatch(name):
        raise entry.error("is not a valid name", "use letters, digits, '.', '-' and '_'")
    profiles = entry.get("profiles")
    if profiles is not None:
        for profile in profiles.items():
            profile.text()  # refuses what is no text


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
    if not given.text() and entry.get("build"):
        return default
    if not given.text():
        raise given.error("is empty", "set the variable that it uses")
    return given.text()


def _restart(entry: ComposeValue, scope: Scope) -> str:
    """Return the restart policy; as in Compose, `deploy.restart_policy` overrides `restart`."""
    own = entry.get("restart")
    if own is not None and not _RESTART.fullmatch(own.text()):
        raise own.error(
            f"'{own.text()}' is not a restart policy",
            "use no, always, unless-stopped or on-failure:N",
        )
    deployed = read_restart_policy(entry.get("deploy"), scope)
    return deployed or (own.text() if own else "no")


def _logging(entry: ComposeValue | None) -> dict[str, Any]:
    if entry is None:
        return {}
    entry.mapping(("driver", "options"))
    entry = entry.without_empty("driver")
    driver, options = entry.get("driver"), entry.get("options")
    return {
        "log_driver": driver.text() if driver else None,
        "log_options": options.filled_pairs() if options else {},
    }

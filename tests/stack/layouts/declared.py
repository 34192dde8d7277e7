"""Compare running containers with what Compose makes of the stack's files."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import docker

from tests.stack.stacks.one_app import OneApp


def require_as_compose(stack: OneApp) -> None:
    """Assert the variables, ports and restart policies that Compose would give the containers.

    That `up -d` leaves them alone does not prove it: the hash that Compose compares is its own.
    """
    text = stack.compose("config", "--format", "json").replace("$$", "$")  # each "$" is doubled
    shown, _warnings = json.JSONDecoder().raw_decode(text)
    ctx = stack.open()
    with closing(docker.from_env()) as client:
        for service in ctx.stack.services.values():
            declared = shown["services"][service.compose_name]
            container = ctx.container(service.name)
            assert container is not None, service.name
            attributes = client.api.inspect_container(container.id)
            _require_equal(service.name, declared, attributes)


def _require_equal(name: str, declared: dict[str, Any], attributes: dict[str, Any]) -> None:
    environment = dict(line.partition("=")[::2] for line in attributes["Config"]["Env"] or ())
    for variable, value in (declared.get("environment") or {}).items():
        assert environment.get(variable) == value, f"{name}: {variable}"
    ports = {
        (port, binding["HostIp"], binding["HostPort"])
        for port, bindings in (attributes["HostConfig"]["PortBindings"] or {}).items()
        for binding in bindings
    }
    assert ports == {
        (f"{port['target']}/{port['protocol']}", port.get("host_ip", ""), port.get("published", ""))
        for port in declared.get("ports") or ()
    }, name
    restart = (declared.get("deploy") or {}).get("restart_policy", {}).get("condition")
    policy = {"any": "always", None: declared.get("restart", "no")}.get(restart, restart)
    assert (attributes["HostConfig"]["RestartPolicy"]["Name"] or "no") == policy, name

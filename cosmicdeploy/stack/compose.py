"""Read a compose file into a `Stack`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document, read
from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.keys import refuse_unknown_keys
from cosmicdeploy.stack.model import Network, Service, Stack
from cosmicdeploy.stack.project_name import project_name
from cosmicdeploy.stack.remarks import cut_commands
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.dependencies import check_dependencies
from cosmicdeploy.stack.sections.networks import network_keys
from cosmicdeploy.stack.sections.sources import read_configs, read_secrets
from cosmicdeploy.stack.sections.top_level import read_networks, read_volumes
from cosmicdeploy.stack.service import read_service
from cosmicdeploy.stack.values.loader import ComposeLoader
from cosmicdeploy.stack.variables.compose_variables import refuse_conflicting_variables
from cosmicdeploy.stack.variables.environment import variables as all_variables
from cosmicdeploy.stack.variables.interpolate import interpolate_values


def read_stack(
    file: Path, *, env_file: Path, environ: Mapping[str, str], project: str | None = None
) -> Stack:
    """Read a compose file; `environ`, the shell's environment, wins over `env_file`.

    Raises `ConfigError`, with file and line, for anything wrong or unsupported.
    """
    document = _without_extensions(_document(file))
    refuse_unknown_keys(document)
    variables = all_variables(env_file, environ)
    refuse_conflicting_variables(file, env_file, variables, environ)
    name = project_name(document, variables, project)
    variables["COMPOSE_PROJECT_NAME"] = name
    document = replace(document, data=interpolate_values(document, variables))
    top = ComposeValue(document, (), document.data)
    scope = Scope(
        project=name,
        directory=file.absolute().parent,
        variables=variables,
        networks=read_networks(top, name),
        volumes=read_volumes(top, name),
    )
    scope = replace(scope, secrets=read_secrets(top, scope), configs=read_configs(top, scope))
    entries = _service_entries(top)
    return Stack(
        project=name,
        file=file.absolute(),
        env_file=env_file.absolute(),
        services=_services(entries, scope),
        networks=_used_networks(entries, scope.networks),
        volumes=scope.volumes,
        remarks=tuple(cut_commands(entries)),
    )


def _document(file: Path) -> Document:
    if not file.is_file():
        raise ConfigError(
            f"Compose file {file.name} not found",
            where=str(file),
            todo="check the name of the compose file in the configuration",
        )
    return read(file, ComposeLoader)


def _without_extensions(document: Document) -> Document:
    """Drop the `x-*` blocks at the top level, so that variables in them are not resolved."""
    data = {key: value for key, value in document.data.items() if not key.startswith("x-")}
    return replace(document, data=data)


def _service_entries(top: ComposeValue) -> ComposeValue:
    services = top.get("services")
    if services is None or not services.data:
        raise ConfigError(
            "No service is declared", where=top.where, todo="add a service under 'services:'"
        )
    services.mapping()
    kept = {key: value for key, value in services.data.items() if not key.startswith("x-")}
    return replace(services, data=kept)


def _services(entries: ComposeValue, scope: Scope) -> dict[str, Service]:
    services = {name: read_service(entry, name, scope) for name, entry in entries.mapping().items()}
    check_dependencies(entries, services)
    owners: dict[str, str] = {}
    for name, service in services.items():
        other = owners.setdefault(service.container_name, name)
        if other != name:
            raise entries.child(name).error(
                f"has the same container name as '{other}': '{service.container_name}'",
                "give each service its own container_name",
            )
    return services


def _used_networks(entries: ComposeValue, networks: Mapping[str, Network]) -> dict[str, Network]:
    """Return the networks; the default network only if a service joins it."""
    used = {key for service in entries.mapping().values() for key in network_keys(service)}
    return {key: net for key, net in networks.items() if key != "default" or key in used}

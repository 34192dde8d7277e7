"""Read a compose file into a `Stack`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.declaration.declaration import read_declaration
from cosmicdeploy.stack.merging.sources import services_of
from cosmicdeploy.stack.model import ComposeFiles, Network, Service, Stack, Volume
from cosmicdeploy.stack.remarks import cut_commands, keys_beside_external, unread_override
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.dependencies import check_dependencies, without_absent_optional
from cosmicdeploy.stack.sections.networking.networks import network_keys
from cosmicdeploy.stack.sections.storage.sources import read_configs, read_secrets
from cosmicdeploy.stack.sections.top_level import read_networks, read_volumes
from cosmicdeploy.stack.service import read_service
from cosmicdeploy.stack.values.compose_value import ComposeValue


def read_stack(
    file: Path | Sequence[Path],
    *,
    env_file: Path,
    environ: Mapping[str, str],
    project: str | None = None,
    profiles: tuple[str, ...] = (),
) -> Stack:
    """Read one compose file, or several that are merged in this order; see `read_files`."""
    files = (file,) if isinstance(file, Path) else tuple(file)
    given = ComposeFiles(files=files, env_file=env_file, project=project, profiles=profiles)
    return read_files(given, environ)


def read_files(files: ComposeFiles, environ: Mapping[str, str]) -> Stack:
    """Read the compose files into a `Stack`.

    `environ` is the shell's environment; its variables override those of the env file. Raises
    `ConfigError`, with file and line, for anything wrong or unsupported.
    """
    environ = {**environ, **dict(files.variables)}
    declared = read_declaration(files, environ)
    top = ComposeValue(declared.document, (), declared.document.data)
    scope = Scope(
        project=declared.project,
        directory=files.directory,
        variables=declared.variables,
        networks=read_networks(top, declared.project),
        volumes=read_volumes(top, declared.project, files.directory),
    )
    scope = replace(scope, secrets=read_secrets(top, scope), configs=read_configs(top, scope))
    entries = _service_entries(top)
    services = _services(entries, scope, declared.inactive)
    used = _used_networks(entries, scope.networks)
    return Stack(
        project=declared.project,
        file=files.files[0].absolute(),
        override_files=tuple(each.absolute() for each in files.files[1:]),
        env_file=files.env_file.absolute(),
        profiles=files.profiles,
        services=services,
        networks=used,
        volumes=_used_volumes(services.values(), scope.volumes),
        remarks=(
            *unread_override(files, declared.variables),
            *cut_commands(declared.originals, services),
            *keys_beside_external(top, used),
            *scope.remarks,
        ),
        inactive=declared.inactive,
        variables=files.variables,
        keys_with_files=_keys_with_files(declared.originals),
    )


def _keys_with_files(originals: Iterable[Document]) -> frozenset[str]:
    """Return the keys by which services read values from separate files."""
    services = [each for document in originals for each in services_of(document).values()]
    return frozenset(key for key in ("env_file", "label_file") if any(key in s for s in services))


def _service_entries(top: ComposeValue) -> ComposeValue:
    services = top.get("services")
    if services is None or not services.data:
        raise ConfigError(
            "No service is declared, or none with an active profile",
            where=top.where,
            todo="add a service under 'services:', or activate a profile: by"
            " COMPOSE_PROFILES, or by `profiles` in cosmicdeploy.yaml",
        )
    services.mapping()  # refuses anything but a mapping
    kept = {key: value for key, value in services.data.items() if not key.startswith("x-")}
    return replace(services, data=kept)


def _services(entries: ComposeValue, scope: Scope, inactive: frozenset[str]) -> dict[str, Service]:
    services = {name: read_service(entry, name, scope) for name, entry in entries.mapping().items()}
    services = {name: without_absent_optional(s, services) for name, s in services.items()}
    check_dependencies(entries, services, inactive)
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
    """Return the networks that at least one service joins: Compose creates no others."""
    used = {key for service in entries.mapping().values() for key in network_keys(service)}
    return {key: network for key, network in networks.items() if key in used}


def _used_volumes(services: Iterable[Service], volumes: Mapping[str, Volume]) -> dict[str, Volume]:
    """Return the volumes that at least one service mounts: Compose creates no others."""
    used = {m.source for service in services for m in service.mounts if m.type == "volume"}
    return {key: volume for key, volume in volumes.items() if volume.name in used}

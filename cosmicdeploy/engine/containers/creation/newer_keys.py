"""Refuse keys of the compose file that the engine is too old to know.

An engine ignores keys that its version of the API does not have. Without this check, a container
would silently lack what the compose file declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Network, Service

ApiVersion = tuple[int, int]
# The version of Docker Engine that introduced each version of the API.
_ENGINES = {(1, 43): "24", (1, 44): "25", (1, 45): "26", (1, 48): "28", (1, 49): "28.1"}


def too_new(service: Service, api_version: ApiVersion) -> list[str]:
    """Return the service's keys that the engine does not know.

    Each is described in words, with the version of the engine that it needs.
    """
    return [_described(key, needed) for key, needed in _keys(service) if needed > api_version]


def require_known(service: Service, api_version: ApiVersion) -> None:
    """Raise `Refused` if the service has keys that this engine does not know."""
    _refuse(service.name, too_new(service, api_version), api_version)


def require_known_network(network: Network, api_version: ApiVersion) -> None:
    """Raise `Refused` if the network has a key that this engine does not know."""
    if network.enable_ipv4 is not None and api_version < (1, 48):
        _refuse(f"network {network.key}", [_described("enable_ipv4", (1, 48))], api_version)


def _refuse(name: str, keys: Sequence[str], version: ApiVersion) -> None:
    if keys:
        raise Refused(
            f"{name}: {'; '.join(keys)} (this engine's API is {version[0]}.{version[1]})",
            where=name,
            todo="update the engine, or remove these keys from the compose file",
        )


def _described(key: str, needed: ApiVersion) -> str:
    return f"{key} needs Docker Engine {_ENGINES[needed]} or newer"


def _keys(service: Service) -> Iterator[tuple[str, ApiVersion]]:
    check = service.healthcheck
    if check is not None and check.start_interval is not None:
        yield "healthcheck.start_interval", (1, 44)
    if service.annotations:
        yield "annotations", (1, 43)
    for mount in service.mounts:
        if mount.volume.subpath:
            yield f"volumes: subpath of {mount.target}", (1, 45)
        if mount.bind.recursive in ("writable", "readonly"):
            yield f"volumes: recursive of {mount.target}", (1, 44)
    if any(each.mac_address for each in service.networks[1:]):
        yield "networks: mac_address of a network after the first", (1, 44)
    for attachment in service.networks:
        if attachment.gw_priority:
            yield f"networks: gw_priority in {attachment.network}", (1, 48)
        if attachment.interface_name:
            yield f"networks: interface_name in {attachment.network}", (1, 49)

"""Create and remove a project's networks and volumes, as Compose does."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.creation.newer_keys import require_known_network
from cosmicdeploy.engine.raw_requests import api_version, post
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Network, Pool, Volume


def ensure_network(api: APIClient, network: Network, project: str) -> bool:
    """Create a network unless one of this name exists; return whether it was created.

    Raises `EngineError` if the declared subnet overlaps that of another network, and `Refused` for
    a key that this engine does not know. Otherwise raises what the SDK raises.
    """
    # The engine also finds networks whose names only contain this name.
    if any(existing["Name"] == network.name for existing in api.networks([network.name])):
        return False
    require_known_network(network, api_version(api))
    own_labels = {labels.PROJECT: project, labels.NETWORK: network.key}
    try:
        post(api, "/networks/create", _network_body(network, own_labels))
    except APIError as error:
        if "overlaps" not in str(error):
            raise
        raise _overlapping(network) from error
    return True


def _network_body(network: Network, own_labels: dict[str, str]) -> dict[str, Any]:
    """Return the body of `POST /networks/create`.

    Keys that the compose file does not declare are absent, so the engine's defaults apply.
    """
    optional = {
        "Options": dict(network.driver_opts),
        "Internal": network.internal,
        "Attachable": network.attachable,
        "IPAM": _ipam(network),
    }
    versions = {"EnableIPv4": network.enable_ipv4, "EnableIPv6": network.enable_ipv6}
    return {
        "Name": network.name,
        "Driver": network.driver or "bridge",
        "CheckDuplicate": True,
        "Labels": {**network.labels, **own_labels, labels.VERSION: labels.COMPOSE_VERSION},
        **{key: value for key, value in optional.items() if value},
        **{key: value for key, value in versions.items() if value is not None},
    }


def _ipam(network: Network) -> dict[str, Any] | None:
    """Return the declared address management of a network; None leaves it to the engine."""
    if not (network.pools or network.ipam_driver or network.ipam_options):
        return None
    return {
        "Driver": network.ipam_driver or "default",
        "Options": dict(network.ipam_options),
        "Config": [_pool(pool) for pool in network.pools],
    }


def _pool(pool: Pool) -> dict[str, Any]:
    optional = {
        "IPRange": pool.ip_range,
        "Gateway": pool.gateway,
        "AuxiliaryAddresses": dict(pool.aux_addresses),
    }
    return {"Subnet": pool.subnet, **{key: value for key, value in optional.items() if value}}


def _overlapping(network: Network) -> EngineError:
    return EngineError(
        f"The subnet of {network.name} overlaps that of another network",
        where=", ".join(pool.subnet or "" for pool in network.pools),
        todo="see `docker network ls`, and declare another subnet in the compose file (in the"
        " shipped stack: change STACK_SUBNET and the addresses below it in `.env`)",
    )


def ensure_volume(api: APIClient, volume: Volume, project: str) -> bool:
    """Create a volume unless one of this name exists; return whether it was created.

    Raises what the SDK raises.
    """
    try:
        api.inspect_volume(volume.name)
    except NotFound:
        own_labels = {labels.PROJECT: project, labels.VOLUME: volume.key}
        api.create_volume(
            volume.name,
            driver=volume.driver,
            driver_opts=dict(volume.driver_opts),
            labels={**volume.labels, **own_labels, labels.VERSION: labels.COMPOSE_VERSION},
        )
        return True
    return False


def volume_exists(api: APIClient, name: str) -> bool:
    """Return whether a volume exists. Raises what the SDK raises."""
    try:
        api.inspect_volume(name)
    except NotFound:
        return False
    return True


def remove(api: APIClient, project: str) -> None:
    """Remove a project's containers, networks and volumes, and its images kept for rollbacks.

    An image that a container of another project uses stays. Raises what the SDK raises.
    """
    of_project = {"label": [f"{labels.PROJECT}={project}"]}
    for row in api.containers(all=True, filters=of_project):
        api.remove_container(row["Id"], force=True, v=True)
    for network in api.networks(filters=of_project):
        api.remove_network(network["Id"])
    for volume in api.volumes(filters=of_project)["Volumes"] or []:
        api.remove_volume(volume["Name"])
    for image in api.images(name=labels.kept_repository(project)):
        for tag in image["RepoTags"]:
            _remove_tag(api, tag)


def _remove_tag(api: APIClient, tag: str) -> None:
    try:
        api.remove_image(tag)
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:  # a container uses the image
            raise

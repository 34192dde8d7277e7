"""Create and remove a project's networks and volumes, as Compose does."""

from __future__ import annotations

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from cosmicdeploy.engine import labels
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Network, Volume


def ensure_network(api: APIClient, network: Network, project: str) -> bool:
    """Create a network unless one of this name exists; return whether it was created.

    Raises `EngineError` if its subnet overlaps another network's.
    """
    if any(existing["Name"] == network.name for existing in api.networks([network.name])):
        return False
    pools = [IPAMPool(subnet=pool.subnet, iprange=pool.ip_range) for pool in network.pools]
    own_labels = {labels.PROJECT: project, labels.NETWORK: network.key}
    try:
        api.create_network(
            network.name,
            driver=network.driver or "bridge",
            ipam=IPAMConfig(pool_configs=pools) if pools else None,
            internal=network.internal,
            labels={**network.labels, **own_labels, labels.VERSION: labels.COMPOSE_VERSION},
        )
    except APIError as error:
        if "overlaps" not in str(error):
            raise
        raise _overlapping(network) from error
    return True


def _overlapping(network: Network) -> EngineError:
    return EngineError(
        f"The subnet of {network.name} overlaps another network's",
        where=", ".join(pool.subnet or "" for pool in network.pools),
        todo="see `docker network ls`, and declare another subnet in the compose file (in the"
        " shipped stack STACK_SUBNET and the addresses below it in `.env`)",
    )


def ensure_volume(api: APIClient, volume: Volume, project: str) -> bool:
    """Create a volume unless one of this name exists; return whether it was created."""
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


def remove(api: APIClient, project: str) -> None:
    """Remove a project's containers, networks, volumes and the images kept for rollbacks."""
    of_project = {"label": [f"{labels.PROJECT}={project}"]}
    for row in api.containers(all=True, filters=of_project):
        api.remove_container(row["Id"], force=True, v=True)
    for network in api.networks(filters=of_project):
        api.remove_network(network["Id"])
    for volume in api.volumes(filters=of_project)["Volumes"] or []:
        api.remove_volume(volume["Name"])
    for image in api.images(name=labels.kept_repository(project)):
        for tag in image["RepoTags"]:
            api.remove_image(tag)

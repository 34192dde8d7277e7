"""Find the address at which the deployer reaches a port of a container."""

from __future__ import annotations

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError

# The engine's words for "published on every address of the host".
EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104


def reachable_address(container: Container, port: int) -> tuple[str, int]:
    """Return the host and port at which the deployer reaches a container's port.

    Prefers the published port; without one, returns an address of the container itself. Raises
    `EngineError` if the container has neither.
    """
    if port in container.published:
        host, published = container.published[port]
        return ("127.0.0.1" if host in EVERY_ADDRESS else host), published
    for container_address in container.addresses.values():
        return container_address, port
    raise EngineError(
        f"Port {port} of {container.name} cannot be reached from this machine",
        where=container.name,
        todo="publish the port on 127.0.0.1 in the compose file, then run `cosmicdeploy up`",
    )

"""Send a GET request to an HTTP interface in a container, and return the body."""

from __future__ import annotations

from ipaddress import ip_address

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.probes.http import OK, send_request
from cosmicdeploy.proxy.admin.scripts import HTTP


def get(ctx: Context, container: Container, host: str, port: int, path: str) -> str | None:
    """Return the body at an HTTP interface of a container; None if there is no good answer.

    `host` is the address on which the interface listens: "" or an unspecified address for all. An
    interface that listens on the container's address is asked from this machine. One that listens
    on localhost, or that this machine does not reach, is asked by a program in the container.
    """
    key, unreachable = (container.id, port), ctx.lookup_cache.unreachable_ports
    if not _is_loopback(host) and key not in unreachable:
        for address in container.addresses.values():
            response = send_request(f"http://{address}:{port}{path}")
            if response.status == OK:
                return response.body
            if response.error:  # it may have taken long, so it is not tried again
                unreachable.add(key)
    return _from_inside(ctx, container, _inner(host), port, path)


def _from_inside(ctx: Context, container: Container, host: str, port: int, path: str) -> str | None:
    try:
        result = ctx.engine.exec(container.id, ["sh", "-c", HTTP, "sh", host, str(port), path])
    except EngineUnavailable:
        raise
    except EngineError:
        return None  # for example, the image has no shell
    return result.text if result.exit_code == 0 else None


def _inner(host: str) -> str:
    """Return the address at which a program in the container reaches the interface.

    BusyBox's wget asks only the first address of `localhost`, which may be that of IPv6.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        return "127.0.0.1" if ip_address(host.strip("[]")).is_unspecified else host
    except ValueError:
        return host or "127.0.0.1"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

"""Explain why no engine answers: the cause, the address, and what to do about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from docker.errors import DockerException
from docker.utils import parse_host

from cosmicdeploy.engine.unreachable.addresses import of_answer, of_network, of_socket, of_ssh
from cosmicdeploy.engine.unreachable.causes import causes_of
from cosmicdeploy.errors import EngineUnavailable

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"


def require_address(address: str, setting: str) -> None:
    """Raise `EngineUnavailable` unless the address has a form that the SDK can connect to.

    `setting` is where the address stands: "DOCKER_HOST".
    """
    try:
        parse_host(address)
    except (DockerException, ValueError) as error:  # ValueError for a port
        form = "unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST"
        raise EngineUnavailable(
            f"{setting} is not the address of an engine",
            where=without_password(address),
            todo=f"write it as unix://{address}" if address.startswith("/") else f"write {form}",
        ) from error


def without_password(address: str) -> str:
    """Return the address with *** in place of a password."""
    before, at, host = address.rpartition("@")
    user, colon, _ = before.rpartition("//")[2].partition(":")
    if not (at and colon):
        return address
    return f"{before[: len(before) - len(before.rpartition('//')[2])]}{user}:***@{host}"


def unavailable(error: BaseException, address: str) -> EngineUnavailable:
    """Return what an error of connecting to `address` means for the operator."""
    causes = list(causes_of(error))
    scheme = urlsplit(address).scheme
    explain = {"unix": of_socket, "ssh": of_ssh}.get(scheme, of_network)
    what, todo = explain(causes, address) or of_answer(causes)
    return EngineUnavailable(what, where=without_password(address), todo=todo)

"""Explain why no engine answers: the cause, the address, and what the operator can do."""

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

    `setting` is the name of the setting with the address, such as "DOCKER_HOST".
    """
    try:
        parse_host(address)
    except (DockerException, ValueError) as error:  # ValueError: the port is not a number
        form = "unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST"
        raise EngineUnavailable(
            f"{setting} is not the address of an engine",
            where=without_password(address),
            todo=f"write it as unix://{address}" if address.startswith("/") else f"write {form}",
        ) from error


def without_password(address: str) -> str:
    """Return the address; if it contains a password, *** takes the password's place."""
    before, at, host = address.rpartition("@")
    scheme, slashes, login = before.rpartition("//")
    user, colon, _ = login.partition(":")
    return f"{scheme}{slashes}{user}:***@{host}" if at and colon else address


def unavailable(error: BaseException, address: str) -> EngineUnavailable:
    """Turn a failed connection to `address` into an error with its cause and advice."""
    causes = list(causes_of(error))
    scheme = urlsplit(address).scheme
    explain = {"unix": of_socket, "ssh": of_ssh}.get(scheme, of_network)
    what, todo = explain(causes, address) or of_answer(causes)
    return EngineUnavailable(what, where=without_password(address), todo=todo)

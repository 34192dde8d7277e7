"""Connect to the engine as the docker command does, and translate the SDK's errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import docker
import requests
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException

from cosmicdeploy.engine.unreachable import DEFAULT_ADDRESS, require_address, unavailable
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.signals import interruptible

# Long enough for a busy engine to create a container, short enough to notice that it is gone.
TIMEOUT_SECONDS = 60
CONNECTS_WITHIN_SECONDS = 15
# The SDK's prefix for the address of a local socket.
LOCAL_SOCKET = "http+docker://"
# A newer engine is asked in this version, since later ones may report containers in another form.
NEWEST_API = "1.51"
PODMAN = "Podman Engine"


def open_client() -> docker.DockerClient:
    """Connect, and check that a Docker Engine answers. Raises `EngineUnavailable`."""
    address, setting = _address()
    require_address(address, setting)
    try:
        # With a version the SDK sends no request before the settings below are in force.
        client = docker.from_env(timeout=TIMEOUT_SECONDS, version=NEWEST_API)
        _configure(client.api)
        version = _ask_version(client.api)
    except _connection_errors() as error:
        raise unavailable(error, address) from error
    _refuse_podman(version, address)
    return client


def _address() -> tuple[str, str]:
    """Return the engine's address, and the setting that it comes from.

    Raises `EngineUnavailable` if the context does not exist: the SDK would silently use the local
    engine.
    """
    if address := os.environ.get("DOCKER_HOST"):
        return address, "DOCKER_HOST"
    setting = "DOCKER_CONTEXT" if os.environ.get("DOCKER_CONTEXT") else "currentContext"
    name = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    context = ContextAPI.get_context(name)
    if context is None:
        raise EngineUnavailable(
            f"There is no Docker context named {name!r}",
            where=setting,
            todo="see `docker context ls`; choose one with `docker context use NAME`"
            + (", or unset DOCKER_CONTEXT" if setting == "DOCKER_CONTEXT" else ""),
        )
    address = str(context.Host or DEFAULT_ADDRESS).replace("http+unix:", "unix:")
    return address, f"The docker context {name!r}"


def _configure(api: docker.APIClient) -> None:
    # A local socket needs no HTTP proxy; looking for one takes a fifth of each request's time. And
    # REQUESTS_CA_BUNDLE in the environment would replace the authority of a TLS configuration.
    if not api.base_url.startswith(LOCAL_SOCKET):
        api.proxies.update(requests.utils.get_environ_proxies(api.base_url))
    api.trust_env = False
    api.get = _interruptible(api.get)  # type: ignore[method-assign]


def _ask_version(api: docker.APIClient) -> dict[str, Any]:
    """Ask for the engine's version, and talk to it in an API that both sides know."""
    if not api.base_url.startswith(LOCAL_SOCKET):
        api.timeout = CONNECTS_WITHIN_SECONDS
    version = api.version(api_version=False)
    api.timeout = TIMEOUT_SECONDS
    if not isinstance(version, dict) or "ApiVersion" not in version:
        raise DockerException("The answer has no ApiVersion")
    api._version = common_api(  # type: ignore[attr-defined]
        str(version["ApiVersion"]), str(version.get("MinAPIVersion") or "")
    )
    return version


def common_api(newest: str, oldest: str) -> str:
    """Return the newest API that both sides know, or the engine's oldest if there is none."""
    known = min(newest, NEWEST_API, key=_number)
    return max(known, oldest, key=_number)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _refuse_podman(version: dict[str, Any], address: str) -> None:
    """Raise `EngineUnavailable` if Podman answers: it has the same API, but other rules."""
    for component in version.get("Components") or []:
        if component.get("Name") == PODMAN:
            raise EngineUnavailable(
                f"Podman {component.get('Version')} answers, which cosmicdeploy does not support",
                where=address,
                todo="install a Docker Engine (docs.docker.com/engine/install), and set DOCKER_HOST"
                " to its address, such as unix:///var/run/docker.sock",
            )


def _connection_errors() -> tuple[type[Exception], ...]:
    """Return the SDK's errors, with those of its package for ssh:// if that is installed."""
    module = sys.modules.get("paramiko.ssh_exception")
    over_ssh = () if module is None else (module.SSHException,)
    return (DockerException, requests.RequestException, OSError, *over_ssh)


def _interruptible(get: Callable[..., Any]) -> Callable[..., Any]:
    """Let a signal interrupt GET requests: they change nothing on the engine."""

    @wraps(get)
    def call(*args: Any, **kwargs: Any) -> Any:
        with interruptible():
            return get(*args, **kwargs)

    return call


@contextmanager
def translated(doing: str, where: str = "") -> Iterator[None]:
    """Turn the SDK's exceptions into `EngineError`; `doing` is the action: "Tagging an image"."""
    try:
        yield
    except APIError as error:
        reason = str(error.explanation or error).strip()
        raise EngineError(f"{doing} failed: {reason}", where=where) from error
    except requests.ConnectionError as error:
        raise EngineUnavailable(
            f"The Docker Engine went away while {doing.lower()}",
            where=where,
            todo="start it again and run the same command: it resumes from what it finds",
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise EngineError(f"{doing} failed: {error}", where=where) from error

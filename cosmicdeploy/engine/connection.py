"""Connect to the engine as the docker command does, and translate the SDK's errors."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import requests
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException
from urllib3.exceptions import ReadTimeoutError

from cosmicdeploy.engine.unreachable import DEFAULT_ADDRESS, require_address, unavailable
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.process.signals import made_interruptible

# Long enough for a busy engine to create a container, short enough to notice a lost engine.
TIMEOUT_SECONDS = 60
# The limit of the first request to a remote engine, which may never answer.
CONNECTS_WITHIN_SECONDS = 15
# The address that the SDK gives to a local socket. Through ssh it is "http+docker://ssh".
LOCAL_SOCKET = "http+docker://localhost"
# The prefix of both addresses, for which no HTTP proxy is used.
_NO_PROXY = "http+docker://"
# The newest API version to use: later versions may report containers in another form.
NEWEST_API = "1.51"
PODMAN = "Podman Engine"
# The errors of a connection that was lost before or within the response.
_LOST_CONNECTION = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
NAME_IN_USE = re.compile(r"container name \S+ is already in use by container")
_TIME_IS_UP = (requests.ReadTimeout, ReadTimeoutError, TimeoutError)


def open_client() -> docker.DockerClient:
    """Connect, and check that a Docker Engine answers. Raises `EngineUnavailable`."""
    address, setting = _address()
    require_address(address, setting)
    try:
        # Given a version, the SDK sends no request of its own before `_configure` is done.
        client = docker.from_env(timeout=TIMEOUT_SECONDS, version=NEWEST_API)
        _configure(client.api)
        version = _ask_version(client.api)
    except _connection_errors() as error:
        raise unavailable(error, address) from error
    _refuse_podman(version, address)
    return client


def _address() -> tuple[str, str]:
    """Return the engine's address, and the setting that the address comes from.

    Raises `EngineUnavailable` if the docker context does not exist; the SDK would silently use the
    local engine instead.
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
    # `trust_env` is off for two reasons. Searching the environment for an HTTP proxy takes a fifth
    # of each request's time, so proxies are read once here; a socket or ssh needs none. And
    # REQUESTS_CA_BUNDLE would replace the certificate authority of the TLS configuration.
    if not api.base_url.startswith(_NO_PROXY):
        api.proxies.update(requests.utils.get_environ_proxies(api.base_url))
    api.trust_env = False
    # A signal may interrupt a GET request, which changes nothing.
    api.get = made_interruptible(api.get)  # type: ignore[method-assign]


def _ask_version(api: docker.APIClient) -> dict[str, Any]:
    """Return the engine's answer to `/version`; set the API version for all further requests.

    Raises what the SDK raises, and `DockerException` for an answer without an API version.
    """
    if api.base_url != LOCAL_SOCKET:
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
    """Return the newest API version that the engine and this module both support.

    `newest` and `oldest` are the engine's. Without a common version, returns `oldest`.
    """
    known = min(newest, NEWEST_API, key=_number)
    return max(known, oldest, key=_number)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _refuse_podman(version: dict[str, Any], address: str) -> None:
    """Raise `EngineUnavailable` if Podman answers: its API is Docker's, its behaviour is not."""
    for component in version.get("Components") or []:
        if component.get("Name") == PODMAN:
            raise EngineUnavailable(
                f"Podman {component.get('Version')} answers, which cosmicdeploy does not support",
                where=address,
                todo="install a Docker Engine (docs.docker.com/engine/install), and set DOCKER_HOST"
                " to its address, such as unix:///var/run/docker.sock",
            )


def _connection_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of a failed connection.

    Those of paramiko, which the SDK needs for ssh://, are included only if paramiko was imported.
    """
    module = sys.modules.get("paramiko.ssh_exception")
    over_ssh = () if module is None else (module.SSHException,)
    return (DockerException, requests.RequestException, OSError, *over_ssh)


@contextmanager
def translated(doing: str, where: str = "") -> Iterator[None]:
    """Turn the SDK's exceptions in this block into `EngineError`.

    `doing` names the action, such as "Tagging an image"; `where` names its object, such as a
    container. A lost connection becomes `EngineUnavailable`; mere silence of the engine does not.
    """
    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        raise _engine_error(error, doing, where) from error


def _engine_error(error: Exception, doing: str, where: str) -> EngineError:
    if isinstance(error, APIError):
        reason = str(error.explanation or error).strip()
        return EngineError(f"{doing} failed: {reason}", where=where, todo=_todo(reason))
    if is_silence(error):
        return EngineError(
            f"{doing} failed: the engine sent nothing for too long",
            where=where,
            todo="look at the load of the engine's host, then run the same command again",
        )
    if isinstance(error, _LOST_CONNECTION):
        return EngineUnavailable(
            f"The Docker Engine went away while {doing[:1].lower()}{doing[1:]}",
            where=where,
            todo="start the engine again, then run the same command again",
        )
    return EngineError(f"{doing} failed: {error}", where=where)


def _todo(reason: str) -> str:
    """Return what to do about a reason of the engine; "" if nothing is known."""
    if not NAME_IN_USE.search(reason):
        return ""
    # Engine 20.10 does so if a container is renamed and removed at the same moment.
    return (
        "if `docker ps -a` does not list that container, the engine keeps its name by mistake:"
        " restart the engine (`systemctl restart docker`; by default all containers start again),"
        " then run the same command again; otherwise give that container another name (`docker"
        " rename`)"
    )


def is_silence(error: Exception) -> bool:
    """Return whether the engine sent nothing within the time limit of a request.

    If the headers of the response have already arrived, as they do at once for a wait or a pull,
    the HTTP library raises the same error as for a lost connection. Then only the error's cause
    shows the time-out.
    """
    causes = (error, *error.args)
    return any(isinstance(each, _TIME_IS_UP) for each in causes)

"""Connect to the engine as the docker command does, and translate the SDK's errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException

from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.signals import interruptible

# Long enough for a busy engine to create a container, short enough to notice that it is gone.
TIMEOUT_SECONDS = 60
# The SDK's prefix for the address of a local socket.
LOCAL_SOCKET = "http+docker://"


def open_client() -> docker.DockerClient:
    """Connect, and check that the engine answers. Raises `EngineUnavailable`."""
    _require_context()
    try:
        client = docker.from_env(timeout=TIMEOUT_SECONDS)
        # A local socket needs no HTTP proxy; looking for one takes a fifth of each request's time.
        client.api.trust_env = not client.api.base_url.startswith(LOCAL_SOCKET)
        client.api.get = _interruptible(client.api.get)  # type: ignore[method-assign]
        client.version()
    except (DockerException, requests.RequestException, OSError) as error:
        raise _unavailable(error) from error
    return client


def _require_context() -> None:
    # If DOCKER_CONTEXT names no existing context, the SDK silently uses the local engine.
    name = os.environ.get("DOCKER_CONTEXT")
    if name and not os.environ.get("DOCKER_HOST") and ContextAPI.get_context(name) is None:
        raise EngineUnavailable(
            f"There is no Docker context named {name!r}",
            where="DOCKER_CONTEXT",
            todo="see `docker context ls`, or unset DOCKER_CONTEXT",
        )


def _unavailable(error: BaseException) -> EngineUnavailable:
    where = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return EngineUnavailable(
            "No permission to talk to the Docker Engine",
            where=where,
            todo="run as root, or as a member of the docker group",
        )
    return EngineUnavailable(
        "No Docker Engine answers",
        where=where,
        todo="start it (systemctl start docker), or set DOCKER_HOST",
    )


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

"""Talk to the container engine that runs the stack. Only this package imports `docker`."""

from __future__ import annotations

from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.engine.protocol import Engine

__all__ = ["Container", "Engine", "ExecResult", "Image", "connect"]


def connect() -> Engine:
    """Connect to the engine that the docker command would use.

    DOCKER_HOST takes precedence over the current docker context, and the context over the default
    socket. Raises `EngineUnavailable` if no engine answers.
    """
    from cosmicdeploy.engine.connection import open_client  # docker is slow to import
    from cosmicdeploy.engine.docker_engine import DockerEngine

    return DockerEngine(open_client())

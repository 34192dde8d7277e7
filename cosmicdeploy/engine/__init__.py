"""The engine that runs the stack. Only this package imports `docker`."""

from __future__ import annotations

from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.engine.protocol import Engine

__all__ = ["Container", "Engine", "ExecResult", "Image", "connect"]


def connect() -> Engine:
    """The engine of this machine's settings: DOCKER_HOST, then the current context, then the
    default socket, as the docker command itself looks for it.

    Raises `EngineUnavailable` where none answers.
    """
    from cosmicdeploy.engine.connection import open_client  # docker is slow to import
    from cosmicdeploy.engine.docker_engine import DockerEngine

    return DockerEngine(open_client())

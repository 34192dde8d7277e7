"""The `Engine` protocol: everything that the deployer needs from a container engine.

The rest of the deployer uses only this protocol, so tests can replace the engine by a fake.
"""

from __future__ import annotations

from typing import Protocol

from cosmicdeploy.engine.protocol.commands import EngineCommands
from cosmicdeploy.engine.protocol.containers import EngineContainers
from cosmicdeploy.engine.protocol.images import EngineImages
from cosmicdeploy.engine.protocol.info import EngineInfo
from cosmicdeploy.engine.protocol.logs import EngineLogs
from cosmicdeploy.engine.protocol.markers import EngineMarkers
from cosmicdeploy.engine.protocol.resources import EngineResources

__all__ = ["Engine"]


class Engine(
    EngineContainers,
    EngineCommands,
    EngineLogs,
    EngineImages,
    EngineResources,
    EngineMarkers,
    Protocol,
):
    """A container engine.

    Every method raises `EngineError` if it fails, and `EngineUnavailable`, a subclass, if the
    engine does not answer.
    """

    def describe(self) -> str:
        """Return the engine's version, host name and address as one line for operators."""

    def info(self) -> EngineInfo:
        """Return the engine's version, and the facts about its host."""

"""The `Engine` protocol: everything that the deployer asks of a container engine.

The rest of the deployer knows this protocol only; the tests replace it by fakes.
"""

from __future__ import annotations

from typing import Protocol

from cosmicdeploy.engine.protocol.commands import EngineCommands
from cosmicdeploy.engine.protocol.containers import EngineContainers
from cosmicdeploy.engine.protocol.images import EngineImages
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

    All methods raise `EngineError` if they fail, and `EngineUnavailable` if the engine does not
    answer.
    """

    def describe(self) -> str:
        """Return the engine's name, version and address, for people."""

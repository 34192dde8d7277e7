"""The part of the `Engine` protocol that creates and reads markers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cosmicdeploy.engine.facts import Marker


class EngineMarkers(Protocol):
    """Markers: containers that never start, used as named locks (`engine/markers.py`)."""

    def claim_marker(self, name: str, labels: Mapping[str, str]) -> Marker:
        """Create a marker of this name atomically, or return the existing one.

        `is_own` of the result says which of the two happened.
        """

    def find_marker(self, name: str) -> Marker | None:
        """Return the marker of this name; None if it does not exist."""

    def marker_exists(self, marker_id: str) -> bool:
        """Return whether a marker still exists, without waiting for a heartbeat in progress."""

    def remove_marker(self, marker_id: str) -> None:
        """Remove a marker, if it still exists."""

    def beat(self, marker_id: str, count: int) -> bool:
        """Store `count` in a marker as a heartbeat; return whether the marker exists."""

    def last_beat(self, marker_id: str) -> int | None:
        """Return the last heartbeat's number.

        Returns None if the marker does not exist, or before its first heartbeat.
        """

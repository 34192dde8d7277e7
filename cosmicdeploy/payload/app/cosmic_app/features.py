"""Feature switches: turn features off and on while the stack runs.

A feature is off while a file with its name is in a folder that all containers share. A switch
therefore survives restarts and database restores, needs no migration, applies to all containers
immediately, costs one file system call, and works while Redis and the database are down.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RATE_LIMIT = "rate-limit"
MONITOR = "monitor"
NOTIFICATIONS = "notifications"

FEATURES: Mapping[str, str] = {
    MONITOR: "The scheduled run of devices:monitor-status",
    NOTIFICATIONS: "Notifications of status changes by the queue workers",
    RATE_LIMIT: "The limit of heartbeats per device (429)",
}


class UnknownFeature(Exception):
    """The feature does not exist; the message suggests a similar name."""


@dataclass(frozen=True, kw_only=True)
class State:
    """The state of a feature; `since` (ISO 8601) and `by`: when and by whom it was turned off."""

    name: str
    description: str
    enabled: bool
    since: str = ""
    by: str = ""


class Switches:
    """The switches in a folder. If the folder is missing, every feature is on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def enabled(self, name: str) -> bool:
        """Return whether a feature is on now. Never raises, since each heartbeat depends on it."""
        return not os.path.exists(self._file(name))  # noqa: PTH110 - Path.exists may raise

    def states(self) -> list[State]:
        """Return the states of all features, sorted by name."""
        return [self._state(name) for name in sorted(FEATURES)]

    def disable(self, name: str, by: str) -> bool:
        """Turn a feature off; return whether it was on. Raises `UnknownFeature`, `OSError`."""
        file = self._file(require_known(name))
        if not self.enabled(name):
            return False
        note = {"since": datetime.now(UTC).isoformat(timespec="seconds"), "by": by}
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            with partial.open("w", encoding="utf-8") as opened:
                json.dump(note, opened)
                opened.flush()
                os.fsync(opened.fileno())
            partial.rename(file)
        finally:
            partial.unlink(missing_ok=True)
        self._sync()
        return True

    def enable(self, name: str) -> bool:
        """Turn a feature on; return whether it was off. Raises `UnknownFeature`, `OSError`."""
        file = self._file(require_known(name))
        try:
            file.unlink()
        except FileNotFoundError:
            return False
        self._sync()
        return True

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.disabled"

    def _state(self, name: str) -> State:
        about = FEATURES[name]
        if self.enabled(name):
            return State(name=name, description=about, enabled=True)
        return State(name=name, description=about, enabled=False, **self._note(name))

    def _note(self, name: str) -> dict[str, str]:
        """Return who turned the feature off and when; empty if the file was created by hand."""
        try:
            note = json.loads(self._file(name).read_text(encoding="utf-8"))
            return {key: str(note.get(key, "")) for key in ("since", "by")}
        except (OSError, ValueError, AttributeError):
            return {}

    def _sync(self) -> None:
        """Make a rename or removal in the folder survive a power failure."""
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def require_known(name: str) -> str:
    """Return the name if a feature has it. Raises `UnknownFeature` otherwise."""
    if name not in FEATURES:
        near = difflib.get_close_matches(name, FEATURES, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"use {', '.join(sorted(FEATURES))}"
        raise UnknownFeature(f'Feature "{name}" is not defined: {hint}')
    return name


def as_json(states: list[State]) -> str:
    """Return the states as a JSON array."""
    return json.dumps([asdict(state) for state in states])

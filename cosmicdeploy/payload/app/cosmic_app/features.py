"""Switches: features that are turned off and on while everything runs.

A feature is off while a file of its name lies in a folder that all containers share. So a switch
outlives every restart and every restore of the data, needs no migration, holds in all containers at
once, costs a look at the folder, and works while Redis and the database do not.
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
    """There is no such feature; the message names the nearest."""


@dataclass(frozen=True, kw_only=True)
class State:
    """Whether a feature is on; `since` (ISO 8601) and `by` are of who turned it off."""

    name: str
    description: str
    enabled: bool
    since: str = ""
    by: str = ""


class Switches:
    """The switches of one folder. Where the folder is not there, every feature is on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def enabled(self, name: str) -> bool:
        """Whether a feature is on now; never raises, since beats wait for the answer."""
        return not os.path.exists(self._file(name))  # noqa: PTH110 - pathlib's may raise

    def states(self) -> list[State]:
        """All features, by name."""
        return [self._state(name) for name in sorted(FEATURES)]

    def disable(self, name: str, by: str) -> bool:
        """Turn a feature off; whether it was on. Raises `UnknownFeature`, `OSError`."""
        file = self._file(known(name))
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
        """Turn a feature on; whether it was off. Raises `UnknownFeature`, `OSError`."""
        file = self._file(known(name))
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
        """Who turned it off and when; nothing where somebody made the file by hand."""
        try:
            note = json.loads(self._file(name).read_text(encoding="utf-8"))
            return {key: str(note.get(key, "")) for key in ("since", "by")}
        except (OSError, ValueError, AttributeError):
            return {}

    def _sync(self) -> None:
        """What was renamed or removed must be so after a power failure, too."""
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def known(name: str) -> str:
    """A feature's name. Raises `UnknownFeature`."""
    if name not in FEATURES:
        near = difflib.get_close_matches(name, FEATURES, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(sorted(FEATURES))}."
        raise UnknownFeature(f'Feature "{name}" is not defined: {hint}')
    return name


def as_json(states: list[State]) -> str:
    """The states for programs."""
    return json.dumps([asdict(state) for state in states])

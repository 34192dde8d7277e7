"""The devices, and what the command `watch` looks at."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import Field

from cosmicdeploy.settings.section import Section, Words


class DeviceColumns(Section):
    """The table of devices, by what each column holds; those that may be None need not be there."""

    table: str
    id: str = "id"
    name: str = "name"
    status: str = "status"
    changed_at: str
    previous: str | None = None
    reason: str | None = None
    source: str | None = None

    @property
    def needed(self) -> Words:
        """Without these there is nothing to tell."""
        return (self.id, self.name, self.status, self.changed_at)

    def selected(self, there: Collection[str]) -> dict[str, str]:
        """What to read of a table with these columns: by the name that it is told with."""
        wanted = {
            "device_id": self.id,
            "device_name": self.name,
            "from_status": self.previous,
            "to_status": self.status,
            "reason": self.reason,
            "source": self.source,
        }
        return {key: column for key, column in wanted.items() if column and column in there}


class TransitionColumns(Section):
    """The table that has a row for each transition; its `id` counts up."""

    table: str
    id: str = "id"
    device: str
    before: str | None = None
    after: str
    at: str
    reason: str | None = None
    source: str | None = None

    @property
    def needed(self) -> Words:
        """Without these there is nothing to tell."""
        return (self.id, self.device, self.after, self.at)

    def selected(self, there: Collection[str]) -> dict[str, str]:
        """As `DeviceColumns.selected`."""
        wanted = {
            "id": self.id,
            "device_id": self.device,
            "from_status": self.before,
            "to_status": self.after,
            "reason": self.reason,
            "source": self.source,
        }
        return {key: column for key, column in wanted.items() if column and column in there}


class FlappingLimit(Section):
    """More transitions of a device than `more_than` within so many seconds."""

    more_than: int = Field(default=3, ge=1)
    seconds: float = Field(default=300, gt=0)


class Monitoring(Section):
    """What `watch` looks at: words of log lines, tables, limits; `recent` in seconds."""

    transition: str = ""
    log_file: bool = False
    devices: DeviceColumns | None = None
    transitions: TransitionColumns | None = None
    flapping: FlappingLimit = FlappingLimit()
    recent: float = Field(default=3600, gt=0)

"""Settings of the application's tables of devices and transitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import Field

from cosmicdeploy.settings.sections.section import Section, Words


class DeviceColumns(Section):
    """The table of devices and its columns; optional columns may be missing in the database."""

    table: str = Field(description="Name of the table")
    id: str = Field(default="id", description="Column of the device's id")
    name: str = Field(default="name", description="Column of the device's name")
    status: str = Field(default="status", description="Column of the current status")
    changed_at: str = Field(description="Column of the time of the last transition")
    previous: str | None = Field(default=None, description="Column of the previous status")
    reason: str | None = Field(default=None, description="Column of the transition's reason")
    source: str | None = Field(default=None, description="Column of the last heartbeat's source")

    @property
    def needed(self) -> Words:
        """The columns that must exist."""
        return (self.id, self.name, self.status, self.changed_at)

    def selected(self, existing: Collection[str]) -> dict[str, str]:
        """Return the reported columns that exist, keyed by the name of the reported fact."""
        return _existing(
            {
                "device_id": self.id,
                "device_name": self.name,
                "from_status": self.previous,
                "to_status": self.status,
                "reason": self.reason,
                "source": self.source,
            },
            existing,
        )


class TransitionColumns(Section):
    """The table with a row for each transition, and its columns."""

    table: str = Field(description="Name of the table")
    id: str = Field(
        default="id", description="Column of the row's id, which must increase from row to row"
    )
    device: str = Field(description="Column of the device's id")
    before: str | None = Field(
        default=None, description="Column of the status before the transition"
    )
    after: str = Field(description="Column of the status after the transition")
    at: str = Field(description="Column of the transition's time")
    reason: str | None = Field(default=None, description="Column of the transition's reason")
    source: str | None = Field(default=None, description="Column of the transition's source")

    @property
    def needed(self) -> Words:
        """The columns that must exist."""
        return (self.id, self.device, self.after, self.at)

    def selected(self, existing: Collection[str]) -> dict[str, str]:
        """Return the reported columns that exist, keyed by the name of the reported fact."""
        return _existing(
            {
                "id": self.id,
                "device_id": self.device,
                "from_status": self.before,
                "to_status": self.after,
                "reason": self.reason,
                "source": self.source,
            },
            existing,
        )


def _existing(columns: Mapping[str, str | None], existing: Collection[str]) -> dict[str, str]:
    return {key: column for key, column in columns.items() if column and column in existing}

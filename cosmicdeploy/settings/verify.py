"""What must hold after a deploy."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cosmicdeploy.settings.section import Section, Words


class BeatId(Section):
    """A key of the beat's body that takes an id, and the column that then holds it."""

    field: str
    table: str
    column: str


class Heartbeat(Section):
    """A request that only a working release answers well."""

    path: str
    token_variable: str
    body: dict[str, Any] = Field(default_factory=dict)
    answers_with: str
    id: BeatId | None = None


class Verify(Section):
    """What must hold after a deploy; `feature` switches the command's schedule off."""

    columns: dict[str, Words] = Field(default_factory=dict)
    command: str | None = None
    feature: str | None = None
    dry_run: Words = ()
    schedule: Words = ("schedule:list",)
    heartbeat: Heartbeat | None = None

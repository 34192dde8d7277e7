"""An answer in JSON that has a list of migrations, each with its state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    MAX_CHARACTERS,
    Answer,
    Listing,
    NotFitting,
    too_long,
    valid_name,
)
from cosmicdeploy.migrations.frameworks.words import Words
from cosmicdeploy.text.sanitize import HARMFUL


class JsonList(WrittenModel):
    """A JSON object with a list of migrations, oldest first.

    The words of a command may contain the texts of a migration's object: {KEY} stands for the text
    with this key.
    """

    rows: str = Field(description="Key of the list")
    name: Words = Field(
        min_length=1, description="Keys of the name: the first that has a value is the name"
    )
    state: str = Field(description="Key of the state")
    applied: Words = Field(min_length=1, description="States of migrations that have run")
    pending: Words = Field(min_length=1, description="States of migrations that have not run")
    ignored: Words = Field(default=(), description="States of what is no migration to run")

    def listing(self, answer: Answer) -> Listing:
        """Return the migrations of an answer; raises `NotFitting`.

        A migration that the list has more than once is pending if one of its states says so.
        """
        found: dict[str, bool] = {}
        fields: dict[str, Mapping[str, str]] = {}
        for row in self._rows(answer.text):
            state = str(row.get(self.state))
            if state in self.ignored:
                continue
            if state not in (*self.applied, *self.pending):
                raise NotFitting(f"the state {state[:80]!r} is not known")
            name = self._name(row)
            found[name] = found.get(name, False) or state in self.pending
            fields[name] = _texts(row)
        return Listing(
            names=tuple(found),
            pending=tuple(name for name, pending in found.items() if pending),
            fields=fields,
        )

    def _rows(self, text: str) -> list[Mapping[str, Any]]:
        if len(text) > MAX_CHARACTERS:
            raise NotFitting(too_long(text))
        try:  # text before the object, such as a warning, is skipped
            rows = json.loads(text[max(text.find("{"), 0) :])[self.rows]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise NotFitting(f"it is no JSON object with the key {self.rows}") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NotFitting(f"{self.rows} is no list of objects")
        return rows

    def _name(self, row: Mapping[str, Any]) -> str:
        values = (row.get(key) for key in self.name)
        return valid_name(str(next(filter(None, values), "")))


def _texts(row: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the texts of a migration that are harmless as a word of a command."""
    return {
        key: value
        for key, value in row.items()
        if isinstance(value, str) and value[:1] != "-" and not HARMFUL.search(value)
    }

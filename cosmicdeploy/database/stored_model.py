"""The base class of models that are stored in a backup's files or in the database."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StoredModel(BaseModel):
    """An immutable model that refuses unknown fields: they would mean that the file is damaged."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

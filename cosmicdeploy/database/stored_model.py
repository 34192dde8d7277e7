"""The base class of models that are stored in a backup's files or in the database."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StoredModel(BaseModel):
    """An immutable model that refuses unknown fields.

    An unknown field means that the stored text is damaged, or that a newer version wrote it.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

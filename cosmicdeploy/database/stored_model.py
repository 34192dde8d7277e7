"""Base of the models that are stored: in a backup's files or in a record on the server."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StoredModel(BaseModel):
    """Immutable; unknown fields are an error, so that a damaged file is never read as a whole."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

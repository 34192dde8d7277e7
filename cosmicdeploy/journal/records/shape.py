"""The base of the shapes (pydantic models) of journal records, and the keys of every record."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

PLAUSIBLE_YEARS = range(1971, 9999)


def _plausible_time(text: str) -> str:
    if datetime.fromisoformat(text).year not in PLAUSIBLE_YEARS:
        raise ValueError("the year is not plausible")
    return text


NonBlank = Annotated[str, Field(pattern=r"\S")]
# A time in ISO 8601.
Moment = Annotated[str, AfterValidator(_plausible_time)]
Names = list[str]


class Shape(BaseModel):
    """Base of all shapes: types are strict, and keys that are not declared are ignored."""

    model_config = ConfigDict(defer_build=True, strict=True, extra="ignore")


class Common(Shape):
    """The keys of every record.

    `run` is the id of the run that wrote the record; "" outside of a run. `resolves` are the ids of
    earlier runs that this record ends.
    """

    kind: str
    at: Moment
    run: str = ""
    resolves: Names = []

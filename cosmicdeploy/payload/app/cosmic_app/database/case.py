"""Give each row its own value in one UPDATE."""

from __future__ import annotations

from collections.abc import Mapping


def by_device(values: Mapping[int, object], otherwise: str = "NULL") -> tuple[str, list[object]]:
    """Return a CASE expression with a value for each device id, and its parameters."""
    arms = " ".join(["WHEN %s THEN %s"] * len(values))
    parameters: list[object] = [part for pair in values.items() for part in pair]
    return f"CASE id {arms} ELSE {otherwise} END", parameters

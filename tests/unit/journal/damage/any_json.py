"""Random JSON, to damage files with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

ID, OTHER = "20260101-120000-aaaa", "20260201-120000-bbbb"
AT = "2026-03-01T12:00:00.000+01:00"


def random_json(chance: random.Random, depth: int = 3) -> Any:
    """Return random JSON; its objects have some keys of journal records."""
    plain = [None, True, 0, -1, 1e308, 10**30, "", "x", "\0", AT, "run", "deploy", "\ud800", []]
    if depth == 0 or chance.random() < 0.5:
        return chance.choice(plain)
    if chance.random() < 0.3:
        return [random_json(chance, depth - 1) for _ in range(chance.randrange(3))]
    keys = ["kind", "at", "run", "step", "step_kind", "before", "facts", "resolves", "command"]
    return {key: random_json(chance, depth - 1) for key in chance.sample(keys, 4)}


def parts(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container and key within the data, at any depth."""
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], dict | list):
            yield from parts(data[key])

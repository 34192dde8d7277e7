"""Parse a line of the journal, or say why it is not a usable record."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from cosmicdeploy.journal.records.record_shapes import KINDS
from cosmicdeploy.journal.records.step_shapes import BEFORE, FACTS
from cosmicdeploy.journal.records.timings import current_facts
from cosmicdeploy.journal.step_kinds import current_kind

# A key that is followed by whitespace; no version of cosmicdeploy writes one.
SPACE_BEFORE_COLON = re.compile(rb'"\s+:')
CONTAINERS = (dict, list)


def parsed(line: bytes) -> Any:
    """Parse the JSON of a line; replace former names of step kinds and of a rollout's timings.

    Raises `ValueError` if the line is not JSON.
    """
    data = from_json(line)
    if isinstance(data, dict) and isinstance(data.get("step_kind"), str):
        data["step_kind"] = current_kind(data["step_kind"])
        if isinstance(data.get("facts"), dict):
            data["facts"] = current_facts(data["facts"])
    return data


def repeats_a_key(line: bytes, data: Any) -> bool:
    """Return whether any object in a line of JSON has the same key twice.

    `data` is the parsed line. Each key in the line is followed by `":`. So a line with as many `":`
    as `data` has keys repeats no key. Only other lines are parsed a second time, which takes 4
    times as long.
    """
    if line.count(b'":') == _count_keys(data) and not SPACE_BEFORE_COLON.search(line):
        return False
    repeats = False

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        repeats = repeats or len(pairs) > len(dict(pairs))
        return dict(pairs)

    json.loads(line, object_pairs_hook=check)
    return repeats


def _count_keys(data: Any) -> int:
    """Return how many keys all objects in the data have together."""
    # A summary has long lists of numbers, for which a call each would take most of the time.
    if isinstance(data, dict):
        parts = [part for part in data.values() if isinstance(part, CONTAINERS)]
        return len(data) + sum(map(_count_keys, parts))
    if isinstance(data, list):
        return sum(_count_keys(part) for part in data if isinstance(part, CONTAINERS))
    return 0


def objection(data: Any) -> str:
    """Return why the parsed JSON of a line is not a usable record; "" if it is usable."""
    if not isinstance(data, dict):
        return "it is not a record"
    kind = data.get("kind")
    if not isinstance(kind, str):
        return "it is not a record"
    if kind not in KINDS:
        return f"this version knows no record of the kind {kind!r}"
    try:
        KINDS[kind].model_validate(data)
        for shapes, part in ((BEFORE, "before"), (FACTS, "facts")):
            if part in data and data.get("step_kind") in shapes:
                shapes[data["step_kind"]].model_validate(data[part])
    except ValidationError as error:
        return f"{kind}: {_first_error(error)}"
    return ""


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"

"""Bound what a summary holds, and mask secrets in it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cosmicdeploy.text.shorten import cut

# The bounds of a value: items of a list or mapping, characters of a text, and nested levels.
ITEMS, CHARACTERS, LEVELS = 60, 1000, 6
# The facts of one step have at most this many characters as JSON, a whole summary as many bytes.
FACTS_CHARACTERS = 6000
SUMMARY_BYTES = 64_000
# The largest parts of a summary, in the order in which they are left out.
LARGE_PARTS = ("phases", "series", "facts", "points", "steps")
# A variable with such a name is secret. `PWD` alone is the working directory.
SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|_PWD$"
    r"|(?:^|_)(?:PASS|(?:API)?KEY|COOKIE|DSN)(?:_|$)",
    re.IGNORECASE,
)
USERINFO = re.compile(r"://[^\s/@]*:[^\s/@]*@")
# Shorter values are not masked, since they occur by chance.
SHORTEST_SECRET = 6
MASK = "***"


def secrets_of(variables: Mapping[str, str], named: Iterable[str] = ()) -> Sequence[str]:
    """Return the values of the variables whose name says that they are secret, the longest first.

    `named` are variables that the settings use as secrets. Short values are left out.
    """
    names = {*named, *filter(SECRET_NAME.search, variables)}
    values = {variables.get(name, "") for name in names}
    return sorted((v for v in values if len(v) >= SHORTEST_SECRET), key=len, reverse=True)


def bounded(value: Any, secrets: Sequence[str] = (), levels: int = LEVELS) -> Any:
    """Return JSON with at most `ITEMS` items in each part; secrets are masked, texts are cut.

    A number that is not finite becomes null. What is nested too deeply is empty.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        items = list(value.items())[: ITEMS if levels else 0]
        return {str(key): bounded(each, secrets, levels - 1) for key, each in items}
    if isinstance(value, list | tuple | set | frozenset):
        kept = list(value)[: ITEMS if levels else 0]
        return [bounded(each, secrets, levels - 1) for each in kept]
    return cut(masked(str(value), secrets), CHARACTERS)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return the text with each secret, and user and password in each URL, replaced by `MASK`."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return USERINFO.sub(f"://{MASK}@", text)


def bounded_facts(facts: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Return a step's facts, bounded; only the number of their characters if they are too many."""
    own: dict[str, Any] = bounded(facts, secrets)
    size = len(json.dumps(own))
    return own if size <= FACTS_CHARACTERS else {"left_out_characters": size}


def fitted(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the summary, without its largest parts if it would be too long; names these."""
    left_out: list[str] = []
    for part in LARGE_PARTS:
        if len(json.dumps(summary).encode()) <= SUMMARY_BYTES:
            break
        left_out.append(part)
        summary = {**_without(summary, part), "left_out": left_out}
    return summary


def _without(summary: dict[str, Any], part: str) -> dict[str, Any]:
    if part != "facts":
        return {name: value for name, value in summary.items() if name != part}
    return {**summary, "steps": [{**step, "facts": {}} for step in summary.get("steps", ())]}

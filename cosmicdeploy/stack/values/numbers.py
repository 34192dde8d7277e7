"""Plain numbers and dates of a compose file, as Compose v2 reads and shows them.

Compose uses Go's YAML library, which knows more than YAML 1.2: `022` and `0o22` are octal, `0b11`
is binary, `_` is skipped. It converts a number to text as Go prints it: 1.0 to "1", 1e8 to "1e+08".
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal

from cosmicdeploy.files.bounds import DIGITS

# The first characters of a plain number or date.
FIRST = frozenset("-+.0123456789")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)"
    r"|0[oO](?P<o>[0-7]+)|0(?P<o0>[0-7]+)|(?P<d>0|[1-9][0-9]*))"
)
_BASES = {"x": 16, "b": 2, "o": 8, "o0": 8, "d": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"(?:(?:[Tt](?P<time>\d\d?:\d\d?:\d\d?)(?P<fraction>\.\d+)?(?P<zone>Z|[-+]\d\d:\d\d)"
    r"| (?P<plain_time>\d\d?:\d\d?:\d\d?)(?P<plain_fraction>\.\d+)?))?"
)
# From this power of ten on, and below -4, Go writes an exponent.
_FIRST_POWER = 6


class NotAValue(ValueError):
    """A plain value that Compose refuses, or shows in the time zone of the machine."""


def number(text: str) -> int | float | None:
    """Return a plain number; None if the text is none. Raises `NotAValue` for an unusable one."""
    if _NOT_FINITE.fullmatch(text):
        raise NotAValue("is not a finite number")
    digits = text.replace("_", "")
    if text.startswith("._") or not (_INTEGER.fullmatch(digits) or _FLOAT.fullmatch(digits)):
        return None
    if len(digits) > DIGITS:
        raise NotAValue(f"is a number of more than {DIGITS:,} digits")
    match = _INTEGER.fullmatch(digits)
    if match is not None:
        base = next(name for name in _BASES if match[name])
        value = int(match["sign"] + match[base], _BASES[base])
        if -(1 << 63) <= value < 1 << 64:
            return value
    if _FLOAT.fullmatch(digits) is None or math.isinf(float(digits)):
        return None
    return float(digits)


def shown(value: float) -> str:
    """Return a number as Compose converts it to text: the shortest that means the same."""
    if isinstance(value, int):
        return str(value)
    decimal = Decimal(repr(value)).normalize()
    sign, digits, _ = decimal.as_tuple()
    power = decimal.adjusted()
    if -4 <= power < _FIRST_POWER:
        return f"{decimal:f}"
    first, *others = map(str, digits)
    fraction = f".{''.join(others)}" if others else ""
    return f"{'-' * sign}{first}{fraction}e{power:+03d}"


def date(text: str) -> str | None:
    """Return a plain date or time as Compose shows it; None if the text is none.

    Raises `NotAValue` for a time of another time zone than UTC.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    clock = match["time"] or match["plain_time"] or "0:0:0"
    try:
        day = datetime(int(match["year"]), int(match["month"]), int(match["day"]))
        hour, minute, second = map(int, clock.split(":"))
        moment = day.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        return None
    if match["zone"] not in (None, "Z", "+00:00", "-00:00"):
        raise NotAValue("is a time, which Compose shows in the time zone of the machine")
    fraction = (match["fraction"] or match["plain_fraction"] or "").rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"

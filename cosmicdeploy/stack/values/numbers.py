"""Read and show plain (unquoted) numbers and dates of a compose file as Compose v2 does.

Compose uses a YAML library of Go that accepts more notations than YAML 1.2: `022` and `0o22` are
octal, `0b11` is binary, and `_` is skipped. Compose converts a number to text as Go
prints it: 1.0 to "1", 1e8 to "1e+08".
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
# Go prints an exponent for powers of ten from this one on, and for those below -4.
_FIRST_POWER = 6


class NotAValue(ValueError):
    """A plain value that is refused, since Compose refuses it or shows it in a local time zone."""


def number(text: str) -> int | float | None:
    """Return the number that a plain text means; None if the text is not a number.

    Raises `NotAValue` for a number that is not finite or has too many digits.
    """
    if _NOT_FINITE.fullmatch(text):
        raise NotAValue("is not a finite number")
    digits = text.replace("_", "")
    # As in Compose, `.5_0` is a number, but `._5` is text.
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
    """Return the text that Compose makes of a number: the shortest text of the same value."""
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
    """Return the text that Compose makes of a plain date or time; None for any other text.

    Raises `NotAValue` for a time in another time zone than UTC.
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

"""Recognize host names."""

from __future__ import annotations

import re

# Underscores are no part of the standard, but of many names.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST = 253


def is_host_name(text: str) -> bool:
    """Return whether a text is a host name or an IPv4 address, without a port."""
    return len(text) <= _LONGEST and _NAME.fullmatch(text) is not None

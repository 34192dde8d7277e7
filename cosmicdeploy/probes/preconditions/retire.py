"""How an operator stops containers permanently."""

from __future__ import annotations

from collections.abc import Iterable


def retire_command(names: Iterable[str]) -> str:
    """Return a command line that stops containers permanently without removing them."""
    listed = " ".join(names)
    return f"`docker update --restart=no {listed} && docker stop {listed}`"

"""Read commands."""

from __future__ import annotations

import shlex

from cosmicdeploy.stack.compose_value import ComposeValue


def command_words(entry: ComposeValue) -> tuple[str, ...]:
    """Return a command as words; a text is split as a shell does, without running one."""
    if isinstance(entry.data, list):
        return entry.texts()
    try:
        return tuple(shlex.split(entry.text()))
    except ValueError as error:
        raise entry.error(f"cannot be split into words: {error}", "check the quotes") from None

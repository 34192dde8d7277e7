"""Read a command, such as `command` or `entrypoint`, as words."""

from __future__ import annotations

from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.words import UnclosedQuote, split


def command_words(entry: ComposeValue) -> tuple[str, ...]:
    """Return a command as words; a text is split as Compose does, without a shell.

    Raises `ConfigError` if the text cannot be split, for example at a quote that is not closed.
    """
    if isinstance(entry.data, list):
        return entry.texts()
    try:
        return split(entry.text()).words
    except UnclosedQuote as error:
        raise entry.error(
            f"cannot be split into words: {error}", "check the quotes, or write a list of words"
        ) from None

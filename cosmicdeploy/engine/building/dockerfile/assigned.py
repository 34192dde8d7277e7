"""The names and values that an ARG or ENV sets."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.engine.building.dockerfile.parse import Instruction


def assigned(instruction: Instruction) -> Iterator[tuple[str, str | None]]:
    """Yield the names and values that an ARG or ENV sets.

    The older form `ENV NAME VALUE` sets one variable, to the rest of the line. An ARG without a
    default has the value None.
    """
    words = instruction.words()
    if instruction.keyword == "ENV" and words and "=" not in words[0]:
        yield words[0], " ".join(words[1:])
        return
    for word in words:
        name, equals, value = word.partition("=")
        yield name, value if equals else None

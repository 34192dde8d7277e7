"""The names and values that an ARG or ENV sets."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.engine.building.dockerfile.parse import Instruction


def assigned(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """Yield the names and values that an ARG or ENV sets; `ENV NAME VALUE` sets one.

    An ARG without a default has the value "".
    """
    words = instruction.words()
    if instruction.keyword == "ENV" and words and "=" not in words[0]:
        yield words[0], " ".join(words[1:])
        return
    for word in words:
        name, _, value = word.partition("=")
        yield name, value

"""Find what Compose leaves out of a compose file without a word, so that the operator is told."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Remark
from cosmicdeploy.stack.values.words import split


def cut_commands(entries: ComposeValue) -> Iterator[Remark]:
    """Yield a remark for each command line that ends at an operator. The line is never shown."""
    for name, service in entries.mapping().items():
        for key in ("command", "entrypoint"):
            entry = service.get(key)
            if entry is None or not isinstance(entry.data, str):
                continue
            dropped = split(entry.data).dropped
            if dropped:
                yield Remark(
                    service=name,
                    what=f"its {key} ends before the first '{dropped[0]}' ({entry.where}): no shell"
                    " runs it, and Compose drops the rest",
                    todo=f'write {key}: ["sh", "-c", "…"], or put the sign in quotes',
                )

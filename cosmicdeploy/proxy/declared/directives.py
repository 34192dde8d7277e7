"""Directives of a configuration file, which may have blocks of further directives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Directive:
    """`name arguments`, or `name arguments { block }`; `file` and `line` are where its name is."""

    name: str
    arguments: tuple[str, ...] = ()
    block: tuple[Directive, ...] = ()
    line: int = field(default=0, compare=False)
    file: str = field(default="", compare=False)

    @property
    def place(self) -> str:
        """Where it is: "FILE:LINE"."""
        return f"{self.file}:{self.line}"

    def inside(self, name: str) -> list[Directive]:
        """Return the block's own directives of this name, without those of inner blocks."""
        return [inner for inner in self.block if inner.name == name]


def walk(block: tuple[Directive, ...]) -> Iterator[Directive]:
    """Yield every directive, outer ones first."""
    for directive in block:
        yield directive
        yield from walk(directive.block)

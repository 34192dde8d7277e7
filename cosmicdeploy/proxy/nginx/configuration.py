"""nginx's own words: what `nginx -T` prints, as a tree of directives.

The library for this, crossplane, reads files from the disk only and follows their includes there;
the text of another machine's files it does not take. What is needed here is little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

FILE = re.compile(r"^# configuration file (.+):$", re.MULTILINE)
TOKEN = re.compile(
    r"""\#[^\n]*                            # a comment: no group
      | "(?P<double>(?:\\.|[^"\\])*)"
      | '(?P<single>(?:\\.|[^'\\])*)'
      | (?P<mark>[;{}])
      | (?P<word>(?:\$\{[^}]*\}|\\.|[^\s;{}])+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Directive:
    """`name arguments;`, or with a block of others."""

    name: str
    arguments: tuple[str, ...] = ()
    block: tuple[Directive, ...] = ()

    def inside(self, name: str) -> list[Directive]:
        """The directives of a name in its block, not deeper."""
        return [inner for inner in self.block if inner.name == name]


def parse(dump: str) -> tuple[Directive, ...]:
    """The main file's directives, with the others in place of the lines that include them."""
    _, *pieces = FILE.split(dump)
    files = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if not files:
        return ()
    main = next(iter(files))
    return tuple(_Reader(files, PurePosixPath(main).parent).directives(files[main]))


def walk(block: tuple[Directive, ...]) -> Iterator[Directive]:
    """Every directive, outer ones first."""
    for directive in block:
        yield directive
        yield from walk(directive.block)


@dataclass(frozen=True)
class _Reader:
    files: Mapping[str, str]
    folder: PurePosixPath

    def directives(self, text: str) -> Iterator[Directive]:
        return self._until_closed(_tokens(text))

    def _until_closed(self, tokens: Iterator[tuple[bool, str]]) -> Iterator[Directive]:
        words: list[str] = []
        for is_mark, text in tokens:
            if not is_mark:
                words.append(text)
                continue
            inner = tuple(self._until_closed(tokens)) if text == "{" else ()
            if words:
                yield from self._directive(words, inner)
            words = []
            if text == "}":
                return

    def _directive(self, words: list[str], block: tuple[Directive, ...]) -> Iterator[Directive]:
        if words[0] != "include":
            yield Directive(words[0], tuple(words[1:]), block)
            return
        wanted = str(self.folder / words[-1])
        for name, text in self.files.items():
            if fnmatchcase(name, wanted):
                yield from self.directives(text)


def _tokens(text: str) -> Iterator[tuple[bool, str]]:
    for found in TOKEN.finditer(text):
        if found.lastgroup is not None:
            yield found.lastgroup == "mark", found[found.lastgroup]

"""Parse what `nginx -T` prints into a tree of directives.

The library for this, crossplane, only reads files on the local disk and follows includes there. It
does not accept the text of files in a container. This parser needs only a small part of nginx's
grammar.
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
    """`name arguments;`, or `name arguments { block }`."""

    name: str
    arguments: tuple[str, ...] = ()
    block: tuple[Directive, ...] = ()

    def inside(self, name: str) -> list[Directive]:
        """Return the block's own directives of this name, without those of inner blocks."""
        return [inner for inner in self.block if inner.name == name]


def parse(dump: str) -> tuple[Directive, ...]:
    """Return the main file's directives; included files replace their `include`.

    `dump` is the output of `nginx -T`. Empty if the output names no file.
    """
    _, *pieces = FILE.split(dump)
    files = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if not files:
        return ()
    main = next(iter(files))
    return tuple(_Reader(files, PurePosixPath(main).parent).directives(files[main]))


def walk(block: tuple[Directive, ...]) -> Iterator[Directive]:
    """Yield every directive, outer ones first."""
    for directive in block:
        yield directive
        yield from walk(directive.block)


@dataclass(frozen=True)
class _Reader:
    files: Mapping[str, str]
    folder: PurePosixPath

    def directives(self, text: str) -> Iterator[Directive]:
        return self._block(_tokens(text))

    def _block(self, tokens: Iterator[tuple[bool, str]]) -> Iterator[Directive]:
        words: list[str] = []
        for is_mark, text in tokens:
            if not is_mark:
                words.append(text)
                continue
            inner = tuple(self._block(tokens)) if text == "{" else ()
            if words:
                yield from self._directive(words, inner)
            words = []
            if text == "}":
                return

    def _directive(self, words: list[str], block: tuple[Directive, ...]) -> Iterator[Directive]:
        if words[0] != "include":
            yield Directive(words[0], tuple(words[1:]), block)
            return
        pattern = str(self.folder / words[-1])
        for name, text in self.files.items():
            if fnmatchcase(name, pattern):
                yield from self.directives(text)


def _tokens(text: str) -> Iterator[tuple[bool, str]]:
    for token in TOKEN.finditer(text):
        if token.lastgroup is not None:
            yield token.lastgroup == "mark", token[token.lastgroup]

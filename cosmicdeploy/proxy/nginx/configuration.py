"""Parse what `nginx -T` prints into a tree of directives.

The library for this, crossplane, only reads files on the local disk and follows includes there. It
does not accept the text of files in a container. The parser here needs only a small part of nginx's
grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
    """`name arguments;`, or `name arguments { block }`; `line` is that of its name, in its file."""

    name: str
    arguments: tuple[str, ...] = ()
    block: tuple[Directive, ...] = ()
    line: int = field(default=0, compare=False)

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

    def _block(self, tokens: Iterator[_Token]) -> Iterator[Directive]:
        words: list[_Token] = []
        for token in tokens:
            if not token.is_mark:
                words.append(token)
                continue
            inner = tuple(self._block(tokens)) if token.text == "{" else ()
            if words:
                yield from self._directive([word.text for word in words], inner, words[0].line)
            words = []
            if token.text == "}":
                return

    def _directive(
        self, words: list[str], block: tuple[Directive, ...], line: int
    ) -> Iterator[Directive]:
        if words[0] != "include":
            yield Directive(words[0], tuple(words[1:]), block, line)
            return
        pattern = str(self.folder / words[-1])
        for name, text in self.files.items():
            if fnmatchcase(name, pattern):
                yield from self.directives(text)


@dataclass(frozen=True)
class _Token:
    """A word or a mark; `line` counts from 1, since a file's text follows its heading's line."""

    text: str
    is_mark: bool
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = end = 0
    for token in TOKEN.finditer(text):
        line += text.count("\n", end, token.start())
        end = token.start()
        if token.lastgroup is not None:
            yield _Token(token[token.lastgroup], token.lastgroup == "mark", line)

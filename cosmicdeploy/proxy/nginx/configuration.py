"""Parse what `nginx -T` prints into a tree of directives.

The library for this, crossplane, only reads files on the local disk and follows includes there. It
does not accept the text of files in a container. The parser here needs only a small part of nginx's
grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from cosmicdeploy.proxy.declared.directives import Directive, walk

FILE = re.compile(r"^# configuration file (.+):$", re.MULTILINE)
TOKEN = re.compile(
    r"""\#[^\n]*                            # a comment: no group
      | "(?P<double>(?:\\.|[^"\\])*)"
      | '(?P<single>(?:\\.|[^'\\])*)'
      | (?P<mark>[;{}])
      | (?P<word>(?:\$\{[^}]*\}|\\.|[^\s;{}])+)""",
    re.VERBOSE | re.DOTALL,
)


def parse(dump: str) -> tuple[Directive, ...]:
    """Return the main file's directives; included files replace their `include`.

    `dump` is the output of `nginx -T`. Empty if the output names no file.
    """
    _, *pieces = FILE.split(dump)
    files = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if not files:
        return ()
    main = next(iter(files))
    return tuple(_Reader(files, PurePosixPath(main).parent).directives(main))


def parse_files(texts: Mapping[str, str]) -> tuple[Directive, ...]:
    """Return the directives of one configuration, given its files by their paths.

    The first one is the main file. Returns none if blocks are nested so deeply that no nginx would
    read them.
    """
    try:
        return parse("\n".join(f"# configuration file {f}:\n{text}" for f, text in texts.items()))
    except RecursionError:
        return ()


def tests_file(tree: tuple[Directive, ...], file: str) -> bool:
    """Return whether a condition looks for this file on each request: `if (-f FILE)`."""
    return any(condition(each) == f"(-f {file})" for each in walk(tree) if each.name == "if")


def condition(directive: Directive) -> str:
    """Return the condition of an `if`, without spaces inside its parentheses."""
    return " ".join(directive.arguments).replace("( ", "(").replace(" )", ")")


@dataclass(frozen=True)
class _Reader:
    files: Mapping[str, str]
    folder: PurePosixPath

    def directives(self, file: str) -> Iterator[Directive]:
        return self._block(_tokens(self.files[file]), file)

    def _block(self, tokens: Iterator[_Token], file: str) -> Iterator[Directive]:
        words: list[_Token] = []
        for token in tokens:
            if not token.is_mark:
                words.append(token)
                continue
            inner = tuple(self._block(tokens, file)) if token.text == "{" else ()
            if words:
                arguments = tuple(word.text for word in words[1:])
                yield from self._directive(
                    Directive(words[0].text, arguments, inner, words[0].line, file)
                )
            words = []
            if token.text == "}":
                return

    def _directive(self, directive: Directive) -> Iterator[Directive]:
        if directive.name != "include":
            yield directive
            return
        pattern = str(self.folder / "".join(directive.arguments[-1:]))
        for name in self.files:
            if fnmatchcase(name, pattern):
                yield from self.directives(name)


@dataclass(frozen=True)
class _Token:
    """A word or a mark. `line` is the number of its line, from 1.

    `_tokens` counts the line feeds before the token. The first one ends the heading of the file.
    """

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

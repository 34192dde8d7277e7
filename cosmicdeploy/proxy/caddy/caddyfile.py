"""Parse a Caddyfile into directives.

Caddy itself converts a Caddyfile to JSON (`caddy adapt`), but only where its program runs. Files
that an `import` names are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cosmicdeploy.proxy.declared.directives import Directive

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<continued>\\\n)
      | (?P<newline>\n)
      | "(?P<quoted>(?:\\.|[^"\\])*)"
      | `(?P<raw>[^`]*)`
      | (?P<word>\S+)""",
    re.VERBOSE | re.DOTALL,
)
SNIPPET = re.compile(r"\((.+)\)")
OPEN, CLOSE, END = "{", "}", "\n"
# More than any Caddyfile has. Snippets can import one another without end.
MAX_DEPTH, MAX_IMPORTED = 50, 20_000


def parse(text: str, file: str = "") -> tuple[Directive, ...]:
    """Return the top level of a Caddyfile: its sites, or the directives of its only site.

    An `import` of a snippet is replaced by the snippet's directives. Blocks that are nested more
    deeply than any Caddyfile needs are left out.
    """
    tree = tuple(_block(_lines(text), file, MAX_DEPTH))
    snippets = {m[1]: each.block for each in tree if (m := SNIPPET.fullmatch(each.name))}
    own = tuple(each for each in tree if not SNIPPET.fullmatch(each.name))
    return _Imports(snippets).expanded(own, MAX_DEPTH)


@dataclass(frozen=True)
class _Line:
    """The words of a line; `opens` and `closes` say that it begins or ends a block."""

    words: tuple[str, ...]
    number: int
    opens: bool = False
    closes: bool = False


def _block(lines: Iterator[_Line], file: str, depth: int) -> Iterator[Directive]:
    for line in lines:
        if line.closes:
            return
        inner = tuple(_block(lines, file, depth - 1)) if line.opens and depth else ()
        if line.words:
            name, *arguments = line.words
            yield Directive(name, tuple(arguments), inner, line.number, file)
        elif inner:
            yield Directive("", (), inner, line.number, file)  # the global options


def _lines(text: str) -> Iterator[_Line]:
    """Yield each line that has words, and each that opens or closes a block."""
    words, number = list[str](), 0
    for mark, word, line in (*_tokens(text), (END, "", 0)):
        if not mark:
            number = number if words else line
            words.append(word)
            continue
        if words or mark == OPEN:
            yield _Line(tuple(words), number if words else line, opens=mark == OPEN)
        if mark == CLOSE:
            yield _Line((), line, closes=True)
        words = []


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield a mark, a word and a line number for each token; either the mark or the word is "".

    Marks are the ends of lines, and braces that stand alone.
    """
    line, end = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        end = match.start()
        kind = str(match.lastgroup)
        if kind == "newline" or (kind == "word" and match[kind] in (OPEN, CLOSE)):
            yield match[kind], "", line
        elif kind not in ("comment", "continued"):
            yield "", match[kind], line


@dataclass
class _Imports:
    """Replaces imports of snippets by their directives; `left` is how many more it adds."""

    snippets: Mapping[str, tuple[Directive, ...]]
    left: int = MAX_IMPORTED

    def expanded(self, block: tuple[Directive, ...], depth: int) -> tuple[Directive, ...]:
        """Return a block with snippets in place of their imports, down to this depth."""
        found: list[Directive] = []
        for each in block if depth else ():
            snippet = self.snippets.get("".join(each.arguments[:1]))
            if each.name == "import" and snippet is not None:
                self.left -= len(snippet) + 1
                found += self.expanded(snippet, depth - 1) if self.left > 0 else ()
            else:
                found.append(replace(each, block=self.expanded(each.block, depth - 1)))
        return tuple(found)

"""Parse a Dockerfile into instructions, as BuildKit's own parser does.

No package does this well. `dockerfile-parse` supports neither here-documents nor flags. The package
`dockerfile`, which wraps the official parser, starts a Go runtime in this process and has wheels
for few platforms. It reports neither parser directives nor the flags within ONBUILD. The tests
compare this module with recorded results of the official parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cosmicdeploy.engine.building.dockerfile.shell_words import heredocs_of, unquoted, words

_DIRECTIVE = re.compile(r"#\s*(?P<name>syntax|check|escape)\s*=\s*(?P<value>.+?)\s*", re.IGNORECASE)
_WITH_HEREDOCS = ("RUN", "COPY", "ADD")


@dataclass(frozen=True)
class Instruction:
    """An instruction of a Dockerfile.

    `keyword` is in capitals. Each of `flags` is a whole flag, such as "--from=x", without quotes.
    `arguments` is the rest of the text, with its quotes. `heredocs` are the names of the
    here-documents. `text` is the whole instruction, joined to one line; `line` and `last_line` are
    the numbers of its first and last line. Neither the text nor the lines include the bodies of the
    here-documents. `ONBUILD COPY …` is read as a COPY with `is_trigger` set.
    """

    line: int
    keyword: str
    flags: tuple[str, ...]
    arguments: str
    heredocs: tuple[str, ...] = ()
    is_trigger: bool = False
    text: str = ""
    last_line: int = 0

    def words(self) -> list[str]:
        """Return the arguments as words without quotes, from the shell form or the JSON form."""
        listed = json_words(self.arguments)
        if listed is not None:
            return listed
        return [unquoted(word) for word in words(self.arguments)]

    def flag_names(self) -> list[str]:
        """Return the names of the flags, such as `["mount", "network"]`."""
        return [flag.removeprefix("--").partition("=")[0] for flag in self.flags]

    def flag(self, name: str) -> str | None:
        """Return the last value of a flag; None if the instruction has no flag `--name=value`."""
        values = [flag.partition("=")[2] for flag in self.flags if flag.startswith(f"--{name}=")]
        return values[-1] if values else None


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile.

    `directives` maps each parser directive, such as "syntax", to its line number and its value.
    """

    directives: dict[str, tuple[int, str]]
    instructions: tuple[Instruction, ...]


def parse_dockerfile(text: str) -> Dockerfile:
    """Parse a Dockerfile. Invalid instructions are kept: the builder refuses them later."""
    lines = text.removeprefix("\ufeff").split("\n")
    directives = _directives(lines)
    escape = directives.get("escape", (0, "\\"))[1]
    escape = escape if escape in ("\\", "`") else "\\"
    return Dockerfile(directives, tuple(_instructions(lines, escape)))


def _directives(lines: list[str]) -> dict[str, tuple[int, str]]:
    """Return the directives at the top of a Dockerfile, up to the first other line.

    A first line `#!…` is skipped.
    """
    directives: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None:
            if number == 1 and line.startswith("#!"):
                continue
            break
        directives.setdefault(match["name"].lower(), (number, match["value"]))
    return directives


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    position = 0
    while position < len(lines):
        start = position + 1
        logical, position = _logical_line(lines, position, escape)
        if not logical.strip():
            continue
        instruction = _instruction(start, logical, escape)
        last_line = position
        heredocs = heredocs_of(logical) if _takes_heredocs(instruction) else []
        for name, is_indented in heredocs:
            position = _after_heredoc(lines, position, name, is_indented)
        yield replace(
            instruction,
            heredocs=tuple(name for name, _ in heredocs),
            text=logical.strip(),
            last_line=last_line,
        )


def _logical_line(lines: list[str], position: int, escape: str) -> tuple[str, int]:
    """Return a line joined with its continuation lines, and the position after them.

    Comments and empty lines between continuation lines are skipped.
    """
    continuation = re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$")
    parts: list[str] = []
    continues = True
    while continues and position < len(lines):
        line = lines[position].rstrip("\r")
        position += 1
        is_blank = not line.strip() or line.lstrip().startswith("#")
        if is_blank and not parts:
            return "", position
        if is_blank:
            continue
        continues = continuation.search(line) is not None
        parts.append(continuation.sub(r"\1", line if parts else line.lstrip()))
    return "".join(parts), position


def _instruction(line: int, logical: str, escape: str) -> Instruction:
    keyword, *rest = re.split(r"[\t\v\f\r ]+", logical.strip(), maxsplit=1)
    if keyword.upper() == "ONBUILD" and rest:
        inner = _instruction(line, rest[0], escape)
        return Instruction(line, inner.keyword, inner.flags, inner.arguments, is_trigger=True)
    flags, arguments = _split_flags(rest[0] if rest else "", escape)
    return Instruction(line, keyword.upper(), flags, arguments)


def _split_flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    """Split the text after a keyword into the flags at its start, and the arguments."""
    e = re.escape(escape)
    quoted = rf"""'(?:{e}.|[^'{e}])*'|"(?:{e}.|[^"{e}])*\""""
    word = re.compile(rf"""\s*(--(?:{quoted}|{e}.?|[^\s'"{e}])*)""")
    quoting = re.compile(rf"{e}(.?)|['\"]")  # of an escape, the character after it is kept
    flags: list[str] = []
    position = 0
    while (match := word.match(text, position)) is not None:
        position = match.end()
        flag = quoting.sub(lambda part: part[1] or "", match[1])
        if flag == "--":
            break
        flags.append(flag)
    return tuple(flags), text[position:].strip()


def _takes_heredocs(instruction: Instruction) -> bool:
    return instruction.keyword in _WITH_HEREDOCS and json_words(instruction.arguments) is None


def _after_heredoc(lines: list[str], position: int, name: str, is_indented: bool) -> int:
    """Return the position after a here-document, whose body ends with the line `name`."""
    while position < len(lines):
        line = lines[position].rstrip("\r")
        position += 1
        if (line.lstrip("\t") if is_indented else line) == name:
            break
    return position


def json_words(text: str) -> list[str] | None:
    """Return the words of arguments in the JSON form, `["a", "b"]`; None for the shell form."""
    try:
        parsed = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return None
    is_words = isinstance(parsed, list) and all(isinstance(word, str) for word in parsed)
    return parsed if is_words else None

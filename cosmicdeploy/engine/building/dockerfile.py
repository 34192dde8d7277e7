"""Parse a Dockerfile into instructions, as BuildKit's own parser does.

No package does this: `dockerfile-parse` knows neither here-documents nor flags. `dockerfile`, which
wraps the official parser, starts a Go runtime in this process, has wheels for few platforms, and
reports neither parser directives nor the flags within ONBUILD; the tests compare with its results.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.engine.building.shell_words import heredocs_of, unquoted, words

_DIRECTIVE = re.compile(r"#\s*(?P<name>syntax|check|escape)\s*=\s*(?P<value>.+?)\s*", re.IGNORECASE)
_WITH_HEREDOCS = ("RUN", "COPY", "ADD")


@dataclass(frozen=True)
class Instruction:
    """One instruction; `keyword` is in capitals, `line` is its first line.

    For `ONBUILD COPY …` it is the COPY, with `is_trigger`.
    """

    line: int
    keyword: str
    flags: tuple[str, ...]
    arguments: str
    heredocs: tuple[str, ...] = ()
    is_trigger: bool = False

    def words(self) -> list[str]:
        """Return the arguments as words: of the JSON form, or split at blanks, without quotes."""
        listed = _listed(self.arguments)
        return listed if listed is not None else [unquoted(w) for w in words(self.arguments)]

    def flag_names(self) -> list[str]:
        """Return the names of the flags, such as `["mount", "network"]`."""
        return [flag.removeprefix("--").partition("=")[0] for flag in self.flags]

    def flag(self, name: str) -> str | None:
        """Return the value of a flag; None without it."""
        values = [flag.partition("=")[2] for flag in self.flags if flag.startswith(f"--{name}=")]
        return values[-1] if values else None


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile; `directives` maps each parser directive to its line and value."""

    directives: dict[str, tuple[int, str]]
    instructions: tuple[Instruction, ...]


def read_dockerfile(text: str) -> Dockerfile:
    """Parse a Dockerfile; text that is no instruction is left for the builder to refuse."""
    lines = text.removeprefix("\ufeff").split("\n")
    directives = _directives(lines)
    escape = directives.get("escape", (0, "\\"))[1]
    escape = escape if escape in ("\\", "`") else "\\"
    return Dockerfile(directives, tuple(_instructions(lines, escape)))


def _directives(lines: list[str]) -> dict[str, tuple[int, str]]:
    """Read the directives at the top, up to the first other line; skip a first line `#!…`."""
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
        read = _instruction(start, logical, escape)
        heredocs = heredocs_of(logical) if _takes_heredocs(read) else []
        for name, is_indented in heredocs:
            position = _behind(lines, position, name, is_indented)
        names = tuple(name for name, _ in heredocs)
        yield Instruction(start, read.keyword, read.flags, read.arguments, names, read.is_trigger)


def _logical_line(lines: list[str], position: int, escape: str) -> tuple[str, int]:
    """Return a line joined with its continuation lines, and the position of the next line.

    Comments and empty lines in between do not end it.
    """
    more = re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$")
    parts: list[str] = []
    is_open = True
    while is_open and position < len(lines):
        line = lines[position].rstrip("\r")
        position += 1
        is_nothing = not line.strip() or line.lstrip().startswith("#")
        if is_nothing and not parts:
            return "", position
        if is_nothing:
            continue
        is_open = more.search(line) is not None
        parts.append(more.sub(r"\1", line) if parts else more.sub(r"\1", line.lstrip()))
    return "".join(parts), position


def _instruction(line: int, logical: str, escape: str) -> Instruction:
    keyword, *rest = re.split(r"[\t\v\f\r ]+", logical.strip(), maxsplit=1)
    if keyword.upper() == "ONBUILD" and rest:
        inner = _instruction(line, rest[0], escape)
        return Instruction(line, inner.keyword, inner.flags, inner.arguments, is_trigger=True)
    flags, arguments = _split_flags(rest[0] if rest else "", escape)
    return Instruction(line, keyword.upper(), flags, arguments)


def _split_flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    e = re.escape(escape)
    quoted = rf"""'(?:{e}.|[^'{e}])*'|"(?:{e}.|[^"{e}])*\""""
    word = re.compile(rf"""\s*(--(?:{quoted}|{e}.?|[^\s'"{e}])*)""")
    kept = re.compile(rf"{e}(.?)|['\"]")
    flags: list[str] = []
    position = 0
    while (match := word.match(text, position)) is not None:
        position = match.end()
        flag = kept.sub(lambda part: part[1] or "", match[1])
        if flag == "--":
            break
        flags.append(flag)
    return tuple(flags), text[position:].strip()


def _takes_heredocs(instruction: Instruction) -> bool:
    return instruction.keyword in _WITH_HEREDOCS and _listed(instruction.arguments) is None


def _behind(lines: list[str], position: int, name: str, is_indented: bool) -> int:
    """Return the position after the body of a here-document."""
    while position < len(lines):
        line = lines[position].rstrip("\r")
        position += 1
        if (line.lstrip("\t") if is_indented else line) == name:
            break
    return position


def _listed(text: str) -> list[str] | None:
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return None
    is_words = isinstance(listed, list) and all(isinstance(word, str) for word in listed)
    return listed if is_words else None

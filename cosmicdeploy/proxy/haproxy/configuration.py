"""Parse HAProxy's configuration files, as far as a rollout needs them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

# The words that begin a section (HAProxy's manual, "Configuration file format").
SECTIONS = {
    "acme", "backend", "cache", "crt-store", "defaults", "fcgi-app", "frontend", "global",
    "http-errors", "listen", "log-forward", "log-profile", "mailers", "peers", "program",
    "resolvers", "ring", "traces", "userlist",
}  # fmt: skip
# Sections that have servers.
WITH_SERVERS = ("backend", "listen")
SERVER_KEYWORDS = ("server", "server-template")

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the configuration; `lines` include those of its `defaults`, which come first."""

    kind: str
    name: str
    lines: tuple[Words, ...] = field(default_factory=tuple)

    def last(self, *keywords: str) -> Words:
        """Return the words after these keywords, where they occur last; () if they do not."""
        size = len(keywords)
        return next((w[size:] for w in reversed(self.lines) if w[:size] == keywords), ())

    def has(self, *keywords: str) -> bool:
        """Return whether a line begins with these keywords and no `no` line follows it."""
        found = False
        for words in self.lines:
            if words[: len(keywords)] == keywords:
                found = True
            elif words[:1] == ("no",) and words[1 : 1 + len(keywords)] == keywords:
                found = False
        return found


@dataclass(frozen=True, kw_only=True)
class DeclaredServer:
    """A `server` line, or one `server-template` line with its number of `slots`.

    `parameters` are the words after the address, those of `default-server` first.
    """

    name: str
    address: str
    slots: int = 0
    parameters: Words = ()

    @property
    def is_checked(self) -> bool:
        return _is_on("check", self.parameters)

    @property
    def is_resolved(self) -> bool:
        """Whether HAProxy resolves the server's name while it runs."""
        return "resolvers" in self.parameters


def parse(texts: Iterable[str]) -> list[Section]:
    """Return the sections of all files, in order."""
    sections: list[Section] = []
    kind, name, lines = "", "", list[Words]()
    for words in _lines(texts):
        if words[0] not in SECTIONS:
            lines.append(words)
            continue
        if kind:
            sections.append(Section(kind=kind, name=name, lines=tuple(lines)))
        kind, name = words[0], words[1] if len(words) > 1 else ""
        lines = _inherited(words, sections)
    if kind:
        sections.append(Section(kind=kind, name=name, lines=tuple(lines)))
    return sections


def servers(section: Section) -> list[DeclaredServer]:
    """Return the declared servers of a section."""
    defaults: Words = ()
    found = []
    for words in section.lines:
        if words[0] == "default-server":
            defaults += words[1:]
        elif words[0] == "server" and len(words) > 2:
            found.append(
                DeclaredServer(name=words[1], address=words[2], parameters=defaults + words[3:])
            )
        elif words[0] == "server-template" and len(words) > 3:
            found.append(
                DeclaredServer(
                    name=words[1],
                    address=words[3],
                    slots=_slots(words[2]),
                    parameters=defaults + words[4:],
                )
            )
    return found


def keeps_clients(section: Section) -> bool:
    """Return whether the section sends a client to the same server again (cookie, stick table)."""
    return any(words[0] in ("cookie", "stick") for words in section.lines)


def _lines(texts: Iterable[str]) -> Iterator[Words]:
    for text in texts:
        for line in text.splitlines():
            if words := _words(line):
                yield words


def _words(line: str) -> Words:
    try:
        return tuple(shlex.split(line, comments=True))
    except ValueError:  # an unpaired quote, which HAProxy itself reports
        return tuple(line.split())


def _inherited(words: Words, sections: Sequence[Section]) -> list[Words]:
    """Return the lines of the `defaults` that a section has: the named one, or the last one."""
    if words[0] in ("global", "defaults", "resolvers"):
        return []
    defaults = [each for each in sections if each.kind == "defaults"]
    if "from" in words[2:]:
        name = words[words.index("from", 2) + 1 :][:1]
        defaults = [each for each in defaults if (each.name,) == name]
    return list(defaults[-1].lines) if defaults else []


def _slots(text: str) -> int:
    """Return the number of slots of a `server-template`: `3`, or `1-3` for a range."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last.isdecimal() or not last)):
        return 0
    return int(last) - int(first) + 1 if last else int(first)


def _is_on(word: str, parameters: Words) -> bool:
    on = [each for each in parameters if each in (word, f"no-{word}")]
    return bool(on) and on[-1] == word

"""Parse HAProxy's configuration files, as far as a rollout needs them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cosmicdeploy.text.numbers import port_number

# The words that begin a section (HAProxy's manual, "Configuration file format").
SECTIONS = {
    "acme", "backend", "cache", "crt-store", "defaults", "fcgi-app", "frontend", "global",
    "http-errors", "listen", "log-forward", "log-profile", "mailers", "peers", "program",
    "resolvers", "ring", "traces", "userlist",
}  # fmt: skip
# Sections that have servers.
WITH_SERVERS = ("backend", "listen")
SERVER_KEYWORDS = ("server", "server-template")

SLOTS = re.compile(r"(?P<first>[0-9]{1,6})(?:-(?P<last>[0-9]{1,6}))?")

Words = tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """The words of a line; `place` is its "FILE:LINE"."""

    words: Words
    place: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the configuration; `lines` include those of its `defaults`, which come first.

    `place` is "FILE:LINE" of its first line.
    """

    kind: str
    name: str
    lines: tuple[Line, ...] = ()
    place: str = field(default="", compare=False)

    def last(self, *keywords: str) -> Words:
        """Return the words after these keywords, where they occur last; () if they do not."""
        size = len(keywords)
        found = (each.words for each in reversed(self.lines))
        return next((words[size:] for words in found if words[:size] == keywords), ())

    def has(self, *keywords: str) -> bool:
        """Return whether a line begins with these keywords and no `no` line follows it."""
        found = False
        for words in (each.words for each in self.lines):
            if words[: len(keywords)] == keywords:
                found = True
            elif words[:1] == ("no",) and words[1 : 1 + len(keywords)] == keywords:
                found = False
        return found


@dataclass(frozen=True, kw_only=True)
class DeclaredServer:
    """A `server` line, or one `server-template` line with its number of `slots`.

    `parameters` are the words after the address, those of `default-server` first. `place` is
    "FILE:LINE".
    """

    name: str
    address: str
    slots: int = 0
    parameters: Words = ()
    place: str = field(default="", compare=False)

    @property
    def host(self) -> str:
        """The server's name or address, without its port."""
        return self._target[0]

    @property
    def port(self) -> int | None:
        """The server's port; None if the server gets that of the client's connection."""
        return port_number(self._target[1])

    @property
    def _target(self) -> tuple[str, str]:
        address = self.address.rpartition("@")[2]
        host, colon, port = address.rpartition(":")
        return (host.strip("[]"), port) if colon else (address, "")

    @property
    def is_checked(self) -> bool:
        return _is_on("check", self.parameters)

    @property
    def is_resolved(self) -> bool:
        """Whether HAProxy resolves the server's name while it runs."""
        return "resolvers" in self.parameters


def parse(texts: Mapping[str, str]) -> list[Section]:
    """Return the sections of all files, given by their paths, in order."""
    sections: list[Section] = []
    first, lines = None, list[Line]()
    for line in (*_lines(texts), None):
        if line is not None and line.words[0] not in SECTIONS:
            lines.append(line)
            continue
        if first is not None:
            sections.append(_section(first, lines))
        if line is not None:
            first, lines = line, _inherited(line.words, sections)
    return sections


def _section(first: Line, lines: Iterable[Line]) -> Section:
    kind, name = first.words[0], "".join(first.words[1:2])
    return Section(kind=kind, name=name, lines=tuple(lines), place=first.place)


def servers(section: Section) -> list[DeclaredServer]:
    """Return the declared servers of a section."""
    defaults: Words = ()
    found = []
    for line in section.lines:
        words = line.words
        if words[0] == "default-server":
            defaults += words[1:]
        elif words[0] == "server" and len(words) > 2:
            _, name, address, *rest = words
            found.append(_server(line, name, address, (*defaults, *rest)))
        elif words[0] == "server-template" and len(words) > 3:
            _, name, slots, address, *rest = words
            found.append(_server(line, name, address, (*defaults, *rest), slots=_slots(slots)))
    return found


def _server(
    line: Line, name: str, address: str, parameters: Words, *, slots: int = 0
) -> DeclaredServer:
    return DeclaredServer(
        name=name, address=address, slots=slots, parameters=parameters, place=line.place
    )


def keeps_clients(section: Section) -> bool:
    """Return whether the section sends a client to the same server again (cookie, stick table)."""
    return any(line.words[0] in ("cookie", "stick") for line in section.lines)


def socket_of(sections: Iterable[Section], *, only_admin: bool = False) -> str:
    """Return the path of the runtime socket in the container; "" if no socket is declared.

    A socket with `level admin` is preferred: with another level HAProxy refuses changes.
    `only_admin`: ignore the others.
    """
    declared = [
        line.words[2:]
        for section in sections
        for line in section.lines
        if line.words[:2] == ("stats", "socket") and "".join(line.words[2:3]).startswith("/")
    ]
    admin = [words for words in declared if "admin" in words]
    return (admin or ([] if only_admin else declared) or [("",)])[0][0]


def _lines(texts: Mapping[str, str]) -> Iterator[Line]:
    for file, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if words := _words(line):
                yield Line(words, f"{file}:{number}")


def _words(line: str) -> Words:
    try:
        return tuple(shlex.split(line, comments=True))
    except ValueError:  # an unpaired quote, which HAProxy itself reports
        return tuple(line.split())


def _inherited(words: Words, sections: Sequence[Section]) -> list[Line]:
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
    match = SLOTS.fullmatch(text)
    if match is None:
        return 0
    first, last = int(match["first"]), int(match["last"] or 0)
    return max(0, last - first + 1) if last else first


def _is_on(word: str, parameters: Words) -> bool:
    on = [each for each in parameters if each in (word, f"no-{word}")]
    return bool(on) and on[-1] == word

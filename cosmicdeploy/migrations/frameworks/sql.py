"""How a framework shows the SQL of pending migrations, and how that text is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field, model_validator

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    LINE_CHARACTERS,
    MAX_CHARACTERS,
    NotFitting,
    Pattern,
    Patterns,
    too_long,
)
from cosmicdeploy.migrations.frameworks.precaution import Precaution
from cosmicdeploy.migrations.frameworks.words import Words
from cosmicdeploy.text.sanitize import DROPPED

# A statement; None stands for a part of the migration that no SQL shows.
Shown = str | None


class _Begun(NamedTuple):
    """The migration and the statement that begin in a line; "" if none does."""

    migration: str
    sql: str


class Sql(WrittenModel):
    """The command that prints the statements, of `all` pending migrations or of `each` one.

    What it prints is a script, or has lines that begin a migration or a statement.
    """

    all: Words | None = Field(
        default=None,
        description="The command for all pending migrations; {applied} is the newest that has run",
    )
    each: Words | None = Field(
        default=None,
        description="The command for one migration, with {name}, the parts of the name, or a key"
        " of a JSON answer",
    )
    only_if: Precaution | None = Field(
        default=None,
        description="How to find out for which migrations SQL may be shown, if showing it could"
        " run a part of a migration; only with `each`",
    )
    program: bool = Field(default=True, description="Whether the program is put before the command")
    before_first: str = Field(
        default="", description="What {applied} is if no migration has run yet"
    )
    lines: Patterns = Field(
        default=(),
        description="Patterns of lines: (?P<name>…) begins a migration, (?P<sql>…) a statement,"
        " which continues on the lines below; a pattern without either ends a statement",
    )
    script: bool = Field(
        default=False,
        description="Whether the text below a migration's first line is a script of statements with"
        " a semicolon after each; that of `each` always is",
    )
    complete: bool = Field(
        default=False,
        description="Whether a migration without any statement changes nothing, if the text names"
        " it. Otherwise it is not known what it does",
    )
    opaque: Pattern | None = Field(
        default=None, description="Pattern of a line that stands for what no SQL shows"
    )
    own: Pattern | None = Field(
        default=None, description="Pattern of statements on the framework's own table, left out"
    )
    class_name: Pattern | None = Field(
        default=None,
        description="If the text may name a migration by its class: pattern of what the class's"
        " name leaves out of the migration's name. Each word of the rest gets a capital letter",
    )

    @model_validator(mode="after")
    def _has_one_command(self) -> Sql:
        if bool(self.all) is bool(self.each):
            raise ValueError("must have either all or each")
        if self.all and self.only_if:
            raise ValueError("must have each, as there is only_if")
        if self.all and not self.lines:
            raise ValueError("must have lines: which of them begins a migration")
        return self

    def of_all(self, text: str, names: Sequence[str]) -> dict[str, list[Shown]]:
        """Return the statements by migration; the list is empty if the text shows none.

        If `complete`, an empty list means that the migration changes nothing. A migration that the
        text does not name at all then has [None], since it is unknown what that migration does.
        Raises `NotFitting` if the text is too long.
        """
        texts: dict[str, list[str]] = {name: [] for name in names}
        spellings, named = self._spellings(names), set[str]()
        current, is_open = "", False
        for line in _lines(text):
            if (begun := self._begun(line, spellings)) is not None:
                current = begun.migration or current
                named.add(current)
                is_open = bool(begun.sql or (self.script and begun.migration))
                # A statement before the first migration is dropped: `current` is still "".
                texts.get(current, []).extend(filter(None, [begun.sql]))
            elif current and is_open and self.script:
                texts[current].append(line)
            elif current and is_open and line.strip():
                texts[current][-1] += "\n" + line
        return {
            name: [None] if self.complete and name not in named else self._statements(lines)
            for name, lines in texts.items()
        }

    def of_each(self, text: str) -> list[Shown]:
        """Return the statements of the one migration that the text is about.

        Raises `NotFitting` if the text is too long.
        """
        return self._of_script("\n".join(_lines(text)))

    def _statements(self, texts: Sequence[str]) -> list[Shown]:
        if not self.script:
            return list(texts)
        return self._of_script("\n".join(texts))

    def _of_script(self, text: str) -> list[Shown]:
        from cosmicdeploy.migrations.frameworks.script import statements_of  # sqlglot is slow

        shown: list[Shown] = []
        for part in self._parts(text):
            shown += [None] if part is None else statements_of(part)
        return [each for each in shown if each is None or not self._is_own(each)]

    def _parts(self, text: str) -> Iterator[str | None]:
        """Yield the text between `opaque` lines, and None for each such line."""
        kept: list[str] = []
        for line in text.splitlines():
            if self.opaque and self.opaque.search(line[:LINE_CHARACTERS]):
                yield "\n".join(kept)
                yield None
                kept = []
            else:
                kept.append(line)
        yield "\n".join(kept)

    def _is_own(self, statement: str) -> bool:
        return bool(self.own and self.own.search(statement[:LINE_CHARACTERS]))

    def _begun(self, line: str, spellings: Mapping[str, str]) -> _Begun | None:
        """Return what begins in a line; None if the line matches no pattern.

        A pattern with the group `name` counts only if the group is in `spellings`.
        """
        for pattern in self.lines:
            match = pattern.search(line[:LINE_CHARACTERS])
            if match is None:
                continue
            groups, name = match.groupdict(), ""
            if "name" in groups:
                name = spellings.get((groups["name"] or "").strip(), "")
                if not name:
                    continue
            has_sql = groups.get("sql") is not None
            return _Begun(name, line[match.start("sql") :].strip() if has_sql else "")
        return None

    def _spellings(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return each name that the text may use for a migration → the migration."""
        spellings = {name: name for name in names}
        if self.class_name is not None:
            spellings |= {class_name(name, self.class_name): name for name in names}
        return spellings


def class_name(migration: str, left_out: Pattern) -> str:
    """Return the name of a migration's class: `2026_02_02_000001_add_x` → `AddX`.

    `left_out` matches what is no part of it, such as the date.
    """
    words = left_out.sub("", migration, count=1).split("_")
    return "".join(word[:1].upper() + word[1:] for word in words)


def _lines(text: str) -> list[str]:
    if len(text) > MAX_CHARACTERS:
        raise NotFitting(too_long(text))
    return DROPPED.sub("", text).splitlines()

"""The model of a framework's file."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, model_validator

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import Pattern
from cosmicdeploy.migrations.frameworks.down import FIELD_OF_JOIN, FIELDS, Down
from cosmicdeploy.migrations.frameworks.pending import Pending
from cosmicdeploy.migrations.frameworks.sql import Sql
from cosmicdeploy.migrations.frameworks.table import Table
from cosmicdeploy.migrations.frameworks.words import Words, fields_in
from cosmicdeploy.validation import ConflictingKey


class Question(WrittenModel):
    """What the framework prints if it asks an operator first, and gets no answer."""

    pattern: Pattern = Field(description="Pattern of that output")
    option: str = Field(description="The option with which the framework does not ask")


class SuggestedBy(WrittenModel):
    """What suggests that an application uses the framework."""

    files: Words = Field(
        default=(),
        description="Files of the application's image: the end of a path, in which * is any text",
    )
    commands: tuple[Pattern, ...] = Field(
        default=(),
        description="Patterns of commands in the application's image or compose file; the matched"
        " text is shown, so a pattern may not match what could be a secret",
    )
    programs: tuple[Pattern, ...] = Field(
        default=(),
        description="Patterns of what the framework's commands begin with, as those commands show"
        " it",
    )
    program_by_file: dict[str, Words] = Field(
        default_factory=dict,
        description="The end of a file's path, and what the framework's commands begin with if the"
        " image has such a file and no command shows it",
    )


class Definition(WrittenModel):
    """A framework that runs an application's migrations."""

    description: str = Field(default="", description="What the framework is, in a line")
    program: Words = Field(default=(), description="What each command begins with")
    console: bool = Field(
        default=False,
        description="Whether this program is the application's console: then app.console takes its"
        " place",
    )
    pending: Pending | None = Field(
        default=None, description="How to ask what is pending; null if no migration is run"
    )
    run: Words = Field(default=(), description="The command that runs what is pending")
    sql: Sql | None = Field(
        default=None,
        description="How to show the SQL of what is pending; null if the framework cannot: then"
        " each migration has to be allowed by name",
    )
    down: Down | None = Field(
        default=None,
        description="How to roll migrations back; null if the framework cannot: then no migration"
        " is rolled back",
    )
    table: Table | None = Field(
        default=None,
        description="The framework's table; null if it has none that can be read: then a backup"
        " does not record which migrations had run, and `rollback --migration` is not possible",
    )
    parts: Pattern | None = Field(
        default=None,
        description="Pattern of a migration's name; its groups are fields for the words of"
        " commands. `down` by target needs the groups `group` and `short`",
    )
    question: Question | None = Field(
        default=None, description="If the framework may ask an operator first: how it does so"
    )
    install: Words = Field(
        default=(),
        description="The command that creates the framework's table, without the program",
    )
    mark: Words = Field(
        default=(),
        description="The command by which an operator records the migration {name} as run, without"
        " the program",
    )
    suggested_by: SuggestedBy = SuggestedBy()

    @model_validator(mode="after")
    def _is_complete(self) -> Definition:
        if bool(self.pending) is not bool(self.run):
            missing, other = ("run", "pending") if self.pending else ("pending", "run")
            raise ConflictingKey(missing, f"is missing, as there is {other}", f"add {missing}")
        if self.pending is None and (self.sql or self.down or self.table):
            raise ConflictingKey("pending", "is missing", "say how to ask what is pending")
        if self.pending and self.pending.history and not self._keeps_newest:
            raise ConflictingKey(
                "pending.history",
                "needs a table that has the newest migrations",
                "add `table`, with `keeps: newest`",
            )
        return self

    @model_validator(mode="after")
    def _has_known_fields(self) -> Definition:
        named = {"name", *self._groups}
        if self.down is not None:
            by_name = self._groups if self.down.by == "name" else set()
            _require_known("down.adds", self.down.adds, FIELDS[self.down.by] | by_name)
            _require_known("down.joins", self.down.joins, {FIELD_OF_JOIN, *named})
        if self.sql is not None:
            _require_known("sql.all", self.sql.all or (), {"applied"} if self.table else ())
            if self.pending and not self.pending.json_list:
                _require_known("sql.each", self.sql.each or (), named)
        _require_known("mark", self.mark, named)
        return self

    @model_validator(mode="after")
    def _can_go_back_as_it_says(self) -> Definition:
        if self.down is None:
            return self
        if self.down.by == "target" and not {"group", "short"} <= self._groups:
            raise ConflictingKey(
                "down.by",
                "target needs the group of a migration",
                "add `parts`, a pattern with (?P<group>…) and (?P<short>…)",
            )
        if self.down.joins and self.down.by != "name":
            raise ConflictingKey("down.joins", "is only for `by: name`", "remove it")
        if self.pending and self.pending.unnamed and self.down.by != "run":
            raise ConflictingKey(
                "down.by", "the migrations have no names", "write `by: run`, or list the names"
            )
        return self

    @property
    def _groups(self) -> set[str]:
        return set(self.parts.groupindex) if self.parts else set()

    @property
    def _keeps_newest(self) -> bool:
        return self.table is not None and self.table.keeps == "newest"


def _require_known(key: str, words: Words, known: Iterable[str]) -> None:
    for name in sorted(fields_in(words) - set(known)):
        fields = ", ".join(f"{{{each}}}" for each in sorted(known)) or "none"
        raise ConflictingKey(key, f"has the unknown field {{{name}}}", f"the fields are {fields}")

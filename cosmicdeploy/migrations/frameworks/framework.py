"""Interpret a framework's file: its commands, and what their output means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cosmicdeploy.database.bookkeeping import Bookkeeping
from cosmicdeploy.migrations.frameworks.answers.history import before
from cosmicdeploy.migrations.frameworks.answers.listing import Listing, NotFitting, Parents
from cosmicdeploy.migrations.frameworks.definition import Definition
from cosmicdeploy.migrations.frameworks.down import CannotGoBackThere, parts_of
from cosmicdeploy.migrations.frameworks.precaution import Precaution
from cosmicdeploy.migrations.frameworks.sql import Shown
from cosmicdeploy.migrations.frameworks.words import Words, fields_in, filled


@dataclass(frozen=True, kw_only=True)
class Framework:
    """What runs the application's migrations, and how it is asked.

    `source` is the file, or the part of a file, that describes the framework. `program` is what its
    commands begin with. `settings` maps a key of that file, such as `run`, to the setting that
    replaces it.
    """

    name: str
    source: str
    definition: Definition
    program: Words = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command with the program that it begins with."""
        return [*self.program, *words]

    def place(self, key: str) -> str:
        """Return where the command with this key, `run` or `down`, is described."""
        setting = self.settings.get(key)
        return f"{setting} in cosmicdeploy.yaml" if setting else f"`{key}` in {self.source}"

    @property
    def runs_migrations(self) -> bool:
        """Whether it runs migrations; False for `none`."""
        return self.definition.pending is not None

    @property
    def shows_sql(self) -> bool:
        """Whether it can show the SQL of what is pending."""
        return self.definition.sql is not None

    @property
    def can_go_back(self) -> bool:
        """Whether it can roll migrations back."""
        return self.definition.down is not None

    @property
    def bookkeeping(self) -> Bookkeeping | None:
        """Its table of migrations; None if it has none that can be read."""
        return self.definition.table.bookkeeping if self.definition.table else None

    @property
    def keeps_newest_only(self) -> bool:
        """Whether its table has only the newest migration of each branch."""
        return self.definition.table is not None and self.definition.table.keeps == "newest"

    @property
    def needs_its_table(self) -> bool:
        """Whether it may only be asked if its table exists, since it would create the table."""
        return self.definition.table is not None and self.definition.table.made_by_asking

    def was_not_confirmed(self, output: str) -> bool:
        """Whether it asked an operator for confirmation, and got no answer."""
        question = self.definition.question
        return bool(question and question.pattern.search(output))

    @property
    def option_without_question(self) -> str:
        """The option with which it does not ask an operator."""
        return self.definition.question.option if self.definition.question else ""

    def running(self, command_line: str) -> str:
        """Return the part of a command line that runs migrations; "" if it runs none."""
        # A process may show the program with another path or other options before its last word.
        words = [*self.program[-1:], *self.definition.run[:1]]
        if not self.runs_migrations or not words:
            return ""
        pattern = r"\s+".join(map(re.escape, words))
        match = re.search(rf"{pattern}(?=\s|$)", command_line)
        return match[0] if match else ""

    # --- what has run

    def with_earlier(self, recorded: Sequence[str], parents: Parents) -> set[str]:
        """Return the migrations that have run; `recorded` are those in the framework's table.

        If the table has only the newest ones, the migrations before them have run too, as far as
        `parents` shows these.
        """
        return before(recorded, parents) if self.keeps_newest_only else set(recorded)

    # --- the SQL of what is pending

    def sql_of_all(self, recorded: Sequence[str]) -> Words | None:
        """Return the command that shows the SQL of all pending migrations.

        None if it shows only the SQL of one migration at a time. `recorded` are the migrations in
        its table. Raises `NotFitting` if the command needs the one migration that ran last, and the
        table has the newest one of several branches.
        """
        sql = self.definition.sql
        if sql is None or sql.all is None:
            return None
        newest = recorded[-1] if recorded else sql.before_first
        if self.keeps_newest_only and "applied" in fields_in(sql.all) and len(recorded) > 1:
            raise NotFitting(
                f"it shows SQL from one migration on, not from {len(recorded)} at once"
            )
        return filled(sql.all, {"applied": newest})

    @property
    def precaution(self) -> Precaution | None:
        """How to find out which migrations may be asked for their SQL; None if all may."""
        return self.definition.sql.only_if if self.definition.sql else None

    def sql_of_each(self, name: str, listing: Listing) -> list[str]:
        """Return the whole command that shows the SQL of one migration.

        Raises `NotFitting` if a word of the command is not known for this migration.
        """
        sql = self.definition.sql
        if sql is None:
            raise NotFitting("it shows no SQL")
        values: Mapping[str, str] = {
            **listing.fields.get(name, {}),
            **parts_of(name, self.definition.parts),
            "name": name,
        }
        try:
            words = filled(sql.each or (), values)
        except KeyError as missing:
            raise NotFitting(f"its {missing.args[0]} is not known") from None
        return self.command(words) if sql.program else list(words)

    def statements_of_all(self, text: str, names: Sequence[str]) -> Mapping[str, Sequence[Shown]]:
        """Return the statements of each migration; raises `NotFitting`."""
        sql = self.definition.sql
        return sql.of_all(text, names) if sql else {}

    def statements_of_each(self, text: str) -> Sequence[Shown]:
        """Return the statements of one migration; raises `NotFitting`."""
        sql = self.definition.sql
        return sql.of_each(text) if sql else []

    @property
    def shows_all_changes(self) -> bool:
        """Whether a migration without any statement changes nothing."""
        return self.definition.sql is not None and self.definition.sql.complete

    # --- going back

    def commands_down(
        self, beyond: Sequence[str], stays: Sequence[str], listed: Listing | None = None
    ) -> list[list[str]]:
        """Return the commands that roll back the migrations `beyond`, in the order to run them.

        `stays` are the other migrations that have run; both are in the order in which they ran.
        `listed` is needed only if the framework's table has only the newest migrations. Raises
        `CannotGoBackThere`.
        """
        down = self.definition.down
        if down is None:
            raise CannotGoBackThere(f"{self.name} cannot go back")
        listed = listed or Listing(names=(), pending=())
        commands = down.commands(beyond, stays, listed, self.definition.parts)
        return [self.command(words) for words in commands]

    @property
    def rolls_back_the_last(self) -> bool:
        """Whether it rolls back whatever ran last."""
        return self.definition.down is not None and self.definition.down.rolls_back_the_last

    # --- recording a migration as run

    @property
    def added_to_row(self) -> Mapping[str, str]:
        """The other columns of the row that `row_of` begins, each with `batch` or `now`.

        `batch` stands for the number of the run, and `now` for the time.
        """
        table = self.definition.table
        return table.row or {} if table else {}

    def row_of(self, name: str) -> Mapping[str, str] | None:
        """Return column → value for the migration's name, in the row that records it as run.

        None if a row is not enough to record a migration.
        """
        table = self.definition.table
        if table is None or table.row is None:
            return None
        texts = name.split(table.joined_by, len(table.columns) - 1) if table.joined_by else [name]
        return dict(zip(table.columns, texts, strict=False))

    def command_to_mark(self, name: str) -> list[str]:
        """Return the command by which an operator records a migration as run; [] if unknown."""
        values = {**parts_of(name, self.definition.parts), "name": name}
        known = self.definition.mark and fields_in(self.definition.mark) <= values.keys()
        return self.command(filled(self.definition.mark, values)) if known else []

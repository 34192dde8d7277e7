"""The table in which a framework records what has run, as its file describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from cosmicdeploy.database.bookkeeping import Bookkeeping
from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.words import Words


class Table(WrittenModel):
    """The framework's own table; the deployer reads it, for backups and to go back."""

    name: str = Field(description="Name of the table")
    columns: Words = Field(
        min_length=1,
        description="Columns of a migration's name. Without `joined_by`, the name is the first of"
        " them that has a value",
    )
    joined_by: str = Field(default="", description="What joins the columns of a name")
    order: Words = Field(
        default=(),
        description="Columns that put the migrations in the order in which they ran. Default: those"
        " of the name",
    )
    batch: str = Field(default="", description="Column with the number of the run")
    where: dict[str, bool] = Field(
        default_factory=dict,
        description="Which rows count. true: only those in which this column is set and not 0;"
        " false: only those in which it is 0 or not set",
    )
    skipped: dict[str, Words] = Field(
        default_factory=dict,
        description="Rows with one of these values in a column are not read",
    )
    withdrawn: dict[str, Words] = Field(
        default_factory=dict,
        description="A row with one of these values in a column takes back the rows of the same"
        " migration before it",
    )
    others: Words = Field(
        default=(), description="Further tables that the framework keeps for itself"
    )
    keeps: Literal["all", "newest"] = Field(
        default="all",
        description="`all`: a row for each migration that has run; `newest`: only for the newest of"
        " each branch",
    )
    made_by_asking: bool = Field(
        default=False,
        description="Whether the framework creates the table if it is asked what is pending, or for"
        " the SQL. Then it is only asked if the table exists",
    )
    row: dict[str, Literal["batch", "now"]] | None = Field(
        default=None,
        description="How a row records a migration as run: each column apart from those of the"
        " name, with `batch` for the number of the run or `now` for the time; null if a row is not"
        " enough",
    )

    @property
    def bookkeeping(self) -> Bookkeeping:
        """The description by which the database is asked for the table's rows."""
        return Bookkeeping(
            table=self.name,
            columns=self.columns,
            joined_by=self.joined_by,
            order=self.order,
            batch=self.batch,
            where=self.where,
            skipped=_sets(self.skipped),
            withdrawn=_sets(self.withdrawn),
            others=self.others,
        )


def _sets(values: Mapping[str, Words]) -> Mapping[str, frozenset[str]]:
    return {column: frozenset(texts) for column, texts in values.items()}

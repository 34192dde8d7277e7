"""The table in which an application's framework records the migrations that have run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Column → some of the values that it may have, such as types of rows.
Values = Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Bookkeeping:
    """A framework's table of migrations, and how to read it.

    A migration's name is the values of `columns`, joined by `joined_by`; if `joined_by` is "", the
    first value that is not empty. Ordered by the columns `order`, the rows are in the order in
    which the migrations ran. `batch` is the column with the number of the framework's run that ran
    the migration; "" if there is none.

    `where` is column → whether its value must be set: with True, a row counts only if the value is
    neither NULL nor zero; with False, only if it is NULL or zero. A row does not count if a column
    in `skipped` has one of the values listed for it. A row with one of the values in `withdrawn`
    takes back the earlier rows of the same migration. `others` are further tables that the
    framework keeps for itself.
    """

    table: str
    columns: Sequence[str]
    joined_by: str = ""
    order: Sequence[str] = ()
    batch: str = ""
    where: Mapping[str, bool] = field(default_factory=dict)
    skipped: Values = field(default_factory=dict)
    withdrawn: Values = field(default_factory=dict)
    others: Sequence[str] = ()

    @property
    def tables(self) -> frozenset[str]:
        """All tables that the framework keeps for itself."""
        return frozenset({self.table, *self.others})

    @property
    def read_columns(self) -> tuple[str, ...]:
        """The columns that `applied` expects in each row, in this order."""
        batch = (self.batch,) if self.batch else ()
        return (*self.columns, *batch, *self.where, *self.skipped, *self.withdrawn)

    def applied(self, rows: Iterable[Sequence[Any]]) -> dict[str, int]:
        """Return applied migration → number of its run, in the order of the rows.

        The number is 0 if there is no `batch`. `rows` have the values of `read_columns`.
        """
        found: dict[str, int] = {}
        for row in rows:
            values = dict(zip(self.read_columns, row, strict=True))
            if not self._counts(values):
                continue
            name = self._name(values)
            found.pop(name, None)
            if not _has_one(values, self.withdrawn):
                found[name] = int(values[self.batch]) if self.batch else 0
        return found

    def _counts(self, values: Mapping[str, Any]) -> bool:
        is_met = all(bool(values[column]) is expected for column, expected in self.where.items())
        return is_met and not _has_one(values, self.skipped)

    def _name(self, values: Mapping[str, Any]) -> str:
        parts = [str(values[each]) for each in self.columns if values[each] not in (None, "")]
        return self.joined_by.join(parts) if self.joined_by else "".join(parts[:1])


def _has_one(values: Mapping[str, Any], of: Values) -> bool:
    """Whether a column has one of the values that `of` lists for it."""
    return any(str(values[column]) in texts for column, texts in of.items())


# The table of Laravel. The deployer reads it where no other framework is configured.
LARAVEL = Bookkeeping(
    table="migrations", columns=("migration",), order=("batch", "migration"), batch="batch"
)

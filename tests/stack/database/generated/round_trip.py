"""Back up random schemas, restore them, and compare each with its state before the backup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, CosmicError
from tests.stack.database.generated.creation import Tally, create, drop
from tests.stack.database.generated.flavour import RandomSchema
from tests.stack.database.generated.names import RESERVED
from tests.stack.stacks.databases import snapshot

LONGEST_DIFFERENCE = 2000
FIRST_WORDS = 30
# These words mark an error of the structure's proof. By then the dump has begun, and the backup is
# recorded as failed.
NOT_PROVEN = "is not restored as it was"


class Unfaithful(AssertionError):
    """A schema was neither restored unchanged nor refused by name before the dump."""


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """Backs up and restores random schemas on one server, and counts the outcomes."""

    engine: Engine
    access: DatabaseAccess
    catalogue: Catalogue
    tally: Tally

    def check(self, charset: str, schemas: Sequence[RandomSchema]) -> None:
        """Create the schemas and check their round trip.

        Raises `Unfaithful` if a schema is changed or lost; the error has the schema's statements.
        """
        taken = create(self.access, charset, schemas, self.tally)
        try:
            self._check(taken)
        except (Unfaithful, CosmicError, UnicodeError) as error:
            raise self._reduced(charset, taken, error) from error

    def _check(self, taken: Sequence[RandomSchema]) -> None:
        left = list(taken)
        while left and (refusal := self._refusal()):
            named = _named(left, refusal)
            if not named:
                raise Unfaithful(f"refused without a name: {_whole(refusal)}")
            drop(self.access, named)
            left = [schema for schema in left if schema not in named]
            if NOT_PROVEN in refusal.what:
                self.tally.failed += len(named)
            else:
                self.tally.refused += len(named)
            self.tally.named[" ".join(refusal.what.split()[:FIRST_WORDS])] += len(named)
        self.tally.restored += len(left)

    def _refusal(self) -> BackupError | None:
        """Back up and restore all schemas; return the error if the backup was refused."""
        before = snapshot(self.access)
        begun: list[int] = []
        try:
            backup = create_backup(self.engine, self.access, self.catalogue, on_bytes=begun.append)
        except BackupError as error:
            if begun and NOT_PROVEN not in error.what:
                raise Unfaithful(f"failed after the dump: {_whole(error)}") from error
            return error
        self._restore(backup)
        after = snapshot(self.access)
        keys = sorted(before.keys() | after.keys())
        changed = [key for key in keys if before.get(key) != after.get(key)]
        if changed:
            shown = [f"{key!r}: {before.get(key)!r} → {after.get(key)!r}" for key in changed]
            raise Unfaithful("changed by the restore: " + "\n".join(shown)[:LONGEST_DIFFERENCE])
        return None

    def _restore(self, backup: Backup) -> None:
        try:
            restore_backup(self.engine, self.access, backup)
        except CosmicError as error:
            raise Unfaithful(f"the good backup cannot be restored: {_whole(error)}") from error
        drop_replaced_data(self.access)

    def _reduced(self, charset: str, taken: Sequence[RandomSchema], error: Exception) -> Unfaithful:
        """Return an error that shows the first schema that fails alone, reduced by `_smallest`."""
        for schema in taken if len(taken) > 1 else ():
            if alone := self._error_of(charset, schema):
                smallest, why = self._smallest(charset, schema), alone
                return Unfaithful(f"{why}\n\nin a schema of {charset}:\n{smallest}")
        shown = "\n\n".join(map(str, taken))
        return Unfaithful(f"{error}\n\nin {len(taken)} schemas of {charset} together:\n{shown}")

    def _smallest(self, charset: str, schema: RandomSchema) -> RandomSchema:
        """Return the schema without each statement that the failure does not need."""
        for statement in reversed(schema.statements):
            kept = tuple(each for each in schema.statements if each is not statement)
            smaller = RandomSchema(kept)
            if self._error_of(charset, smaller):
                schema = smaller
        return schema

    def _error_of(self, charset: str, schema: RandomSchema) -> str:
        """Return why a schema fails alone, "" if the schema does not fail."""
        trip = RoundTrip(
            engine=self.engine, access=self.access, catalogue=self.catalogue, tally=Tally()
        )
        try:
            trip._check(create(self.access, charset, [schema], None))
        except (Unfaithful, CosmicError, UnicodeError) as error:
            return str(error)
        return ""


def _named(schemas: Sequence[RandomSchema], refusal: BackupError) -> list[RandomSchema]:
    """Return each schema that has an object which the refusal names.

    A reserved word counts as a name only if the refusal holds no other name: any message may use
    such a word.
    """
    text = _whole(refusal)
    for is_reserved in (False, True):
        named = [
            schema
            for schema in schemas
            if any(_holds(text, name) for name in schema.names if (name in RESERVED) == is_reserved)
        ]
        if named:
            return named
    return []


def _holds(text: str, name: str) -> bool:
    """Return whether a text holds a name, plain or escaped, but not inside a longer number.

    MySQL stores `?` for each character of a name beyond U+FFFF, and the text has the stored name.
    """
    stored = re.sub(r"[^\0-\uffff]", "?", name)
    either = "|".join(map(re.escape, (name, repr(name)[1:-1], stored)))
    return bool(re.search(rf"(?<!\d)(?:{either})(?!\d)", text))


def _whole(error: CosmicError) -> str:
    return "\n".join([str(error), *error.details])

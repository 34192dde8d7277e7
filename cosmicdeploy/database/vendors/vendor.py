"""The differences between vendors, as data. No other module asks for a vendor's name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor's servers, as far as they differ from another vendor's.

    Properties:

    - `name`: the vendor's name in manifests and messages.
    - `client`: the name of the command-line client in the images of all supported versions.
    - `replaces_routines`: the server has CREATE OR REPLACE for routines, which keeps the privileges
      granted on them.
    - `bodies_privilege`: the privilege with which a user may read the bodies of other users'
      routines.
    - `before_grant`: the words before a GRANT that keep it from creating an account.
    - `lists_expressions`: information_schema has the expressions of tables as SHOW CREATE TABLE
      shows them, for every table.
    - `implied_charset`: matches words that SHOW CREATE TABLE may show for a copy of a table but not
      for the table itself. These words make no difference.
    - `shows_all_literals`: SHOW CREATE TABLE shows each literal in an expression correctly (see
      `schema/tables/literals.py`).
    - `shows_hex_escapes`: SHOW CREATE TABLE shows control characters in an expression with escapes
      that the server does not read.
    - `reads_expressions_in_any_mode`: the server can open a table under any sql_mode. MySQL parses
      a table's expressions under the sql_mode of the session that opens the table.
    - `cuts_routines`: the server reports the text of a routine only up to a NUL character, as it
      does for an event.
    - `ends_on_last_line`: the dump tool puts the delimiter of a statement on the last line of an
      object's text.

    Queries:

    - `row_waits` returns the session that waits for locked rows, the session that has locked them,
      and the seconds of the wait.
    - `lists_table_locks` returns a row if the server can list which session holds which table's
      lock.
    - `table_locks` returns these sessions and tables for one schema.
    - `table_locks_todo` is no query: it says how to make the server list table locks.
    """

    name: str
    client: str
    replaces_routines: bool
    bodies_privilege: str
    before_grant: str
    lists_expressions: bool
    implied_charset: str
    shows_all_literals: bool
    shows_hex_escapes: bool
    reads_expressions_in_any_mode: bool
    cuts_routines: bool
    ends_on_last_line: bool
    row_waits: str
    lists_table_locks: str
    table_locks: str
    table_locks_todo: str

"""Limits of the server that hold for the dump tool, which takes no command first.

Its reads of tables name a limit of their own, its lists cannot: of what is longer than the server
allows (`sql_select_limit`), it would leave out the rest without a word.
"""

from __future__ import annotations

from cosmicdeploy.database.client import Client
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import BackupError

LONGEST_LISTS = {
    "tables": "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s",
    "columns": "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = %s"
    " GROUP BY table_name ORDER BY 1 DESC LIMIT 1",
    "triggers": "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = %s",
    "routines": "SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = %s",
    "events": "SELECT COUNT(*) FROM information_schema.events WHERE event_schema = %s",
}


def require_whole_lists(client: Client, facts: Facts) -> None:
    """Raise `BackupError` where the dump tool would not see everything that there is."""
    limit = client.select_limit()
    for kind, query in LONGEST_LISTS.items():
        rows = facts.session.rows(query, facts.schema)
        count = int(rows[0][0]) if rows else 0
        if limit < max(count, 1):
            raise BackupError(
                f"the dump tool would see {limit} of {count} {kind}: sql_select_limit",
                where=facts.session.where,
                todo="run SET GLOBAL sql_select_limit = DEFAULT on the server as its administrator,"
                " take it out of init_connect and of the server's option files, and try again",
            )

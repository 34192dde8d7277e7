"""MySQL 8.0 and later."""

from __future__ import annotations

from cosmicdeploy.database.vendors.vendor import Vendor

MYSQL = Vendor(
    name="MySQL",
    client="mysql",
    replaces_routines=False,
    bodies_privilege="SHOW_ROUTINE on *.*",
    before_grant="",
    # information_schema has each literal in the character set in which it was typed. A table that
    # is created from SHOW CREATE TABLE has it in the character set to which the server converted
    # it.
    lists_expressions=False,
    # The server remembers whether the CREATE TABLE named a column's collation. The CREATE TABLE of
    # a copy always names it, and then the server shows the character set too.
    implied_charset=r" CHARACTER SET \w+(?= COLLATE \w+)",
    shows_all_literals=False,
    shows_hex_escapes=False,
    reads_expressions_in_any_mode=False,
    cuts_routines=True,
    ends_on_last_line=True,
    # A session may wait for several locks of the same transaction.
    row_waits="SELECT DISTINCT waiter.trx_mysql_thread_id, blocker.trx_mysql_thread_id,"
    " COALESCE(TIMESTAMPDIFF(SECOND, waiter.trx_wait_started, NOW()), 0)"
    " FROM performance_schema.data_lock_waits AS pair"
    " JOIN information_schema.innodb_trx AS waiter"
    " ON waiter.trx_id = pair.requesting_engine_transaction_id"
    " JOIN information_schema.innodb_trx AS blocker"
    " ON blocker.trx_id = pair.blocking_engine_transaction_id",
    lists_table_locks="SELECT 1 FROM DUAL WHERE @@performance_schema",
    table_locks="SELECT thread.processlist_id, held.object_name"
    " FROM performance_schema.metadata_locks AS held JOIN performance_schema.threads AS thread"
    " ON thread.thread_id = held.owner_thread_id WHERE held.object_type = 'TABLE'"
    " AND held.lock_status = 'GRANTED' AND held.object_schema = %s"
    " AND thread.processlist_id IS NOT NULL",
    table_locks_todo="set performance_schema = ON in the server's configuration, and restart it",
)

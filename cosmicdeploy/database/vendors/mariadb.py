"""MariaDB 10.11 and later."""

from __future__ import annotations

from cosmicdeploy.database.vendors.vendor import Vendor

MARIADB = Vendor(
    name="MariaDB",
    # Images of MariaDB 11 have no client under the name `mysql`.
    client="mariadb",
    replaces_routines=True,
    bodies_privilege="SELECT on mysql.proc",
    before_grant="SET STATEMENT sql_mode = 'NO_AUTO_CREATE_USER' FOR ",
    lists_expressions=True,
    implied_charset="",
    shows_all_literals=True,
    shows_hex_escapes=True,
    reads_expressions_in_any_mode=True,
    cuts_routines=False,
    ends_on_last_line=False,
    row_waits="SELECT waiter.trx_mysql_thread_id, blocker.trx_mysql_thread_id,"
    " COALESCE(TIMESTAMPDIFF(SECOND, waiter.trx_wait_started, NOW()), 0)"
    " FROM information_schema.innodb_lock_waits AS pair"
    " JOIN information_schema.innodb_trx AS waiter ON waiter.trx_id = pair.requesting_trx_id"
    " JOIN information_schema.innodb_trx AS blocker ON blocker.trx_id = pair.blocking_trx_id",
    # The plugin metadata_lock_info adds this table.
    lists_table_locks="SELECT 1 FROM information_schema.tables WHERE table_schema ="
    " 'information_schema' AND table_name = 'METADATA_LOCK_INFO'",
    table_locks="SELECT thread_id, table_name FROM information_schema.metadata_lock_info"
    " WHERE table_schema = %s AND table_name <> ''",
    table_locks_todo="install the plugin that names the holder: `cosmicdeploy exec database mariadb"
    " -u {user} -e \"INSTALL SONAME 'metadata_lock_info'\"`",
)

"""An event whose settings a server may not know."""

from __future__ import annotations

from cosmicdeploy.database.schema.definitions import Definition

BERLIN, TOKYO = "Europe/Berlin", "Asia/Tokyo"
STATEMENT = (
    "CREATE DEFINER=`root`@`%` EVENT `tick` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS"
    " '2037-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO DELETE FROM a"
)
TICK = Definition(
    kind="EVENT",
    name="tick",
    statement=STATEMENT,
    charset="latin1",
    collation="latin1_bin",
    sql_mode="ANSI_QUOTES",
    database_collation="latin1_german1_ci",
    time_zone=BERLIN,
)

"""Server load: connections and slow statements."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.session import Session


@dataclass(frozen=True, kw_only=True)
class ServerLoad:
    """Connections and slow statements of the server.

    `peak_connections` (the most connections at the same time) and `slow_statements` are counted
    since the server started. A statement is slow if it takes longer than `slow_after_seconds`.
    """

    connections: int
    peak_connections: int
    allowed_connections: int
    uptime_seconds: int
    slow_statements: int
    slow_after_seconds: float
    logs_slow_statements: bool


def read_server_load(session: Session) -> ServerLoad:
    """Read the current server load. Raises `DatabaseError`."""
    status = _pairs(session, "SHOW GLOBAL STATUS")
    variables = _pairs(session, "SHOW GLOBAL VARIABLES")
    return ServerLoad(
        connections=int(status["threads_connected"]),
        peak_connections=int(status["max_used_connections"]),
        allowed_connections=int(variables["max_connections"]),
        uptime_seconds=int(status["uptime"]),
        slow_statements=int(status["slow_queries"]),
        slow_after_seconds=float(variables["long_query_time"]),
        logs_slow_statements=variables["slow_query_log"] == "ON",
    )


def _pairs(session: Session, sql: str) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in session.rows(sql)}

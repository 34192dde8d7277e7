"""How busy the server is."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.session import Session


@dataclass(frozen=True, kw_only=True)
class ServerLoad:
    """Connections now, at most since the server started, and allowed; slow statements since then,
    and what is slow, in seconds."""

    connections: int
    most: int
    allowed: int
    uptime: int
    slow: int
    slow_after: float
    slow_log: bool


def read_server_load(session: Session) -> ServerLoad:
    """The server as it is now. Raises `DatabaseError`."""
    status = _pairs(session, "SHOW GLOBAL STATUS")
    variables = _pairs(session, "SHOW GLOBAL VARIABLES")
    return ServerLoad(
        connections=int(status["threads_connected"]),
        most=int(status["max_used_connections"]),
        allowed=int(variables["max_connections"]),
        uptime=int(status["uptime"]),
        slow=int(status["slow_queries"]),
        slow_after=float(variables["long_query_time"]),
        slow_log=variables["slow_query_log"] == "ON",
    )


def _pairs(session: Session, sql: str) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in session.rows(sql)}

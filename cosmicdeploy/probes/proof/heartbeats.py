"""Heartbeats of the configured device, each with a unique id to look up in the database."""

from __future__ import annotations

from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.access import DatabaseAccess, quoted
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import CosmicError, DatabaseError
from cosmicdeploy.probes.proof.connection import Request
from cosmicdeploy.settings import Heartbeat, HeartbeatId

# In seconds. A lookup in a locked table is given up after this time, since it delays the next
# heartbeat.
LOOKUP_TIMEOUT_SECONDS = 5.0


class Heartbeats:
    """Creates heartbeats and looks them up in the database.

    `lookup_problem` says why a heartbeat could not be looked up; "" if no lookup has failed.
    """

    def __init__(self, ctx: Context, settings: Heartbeat, token: str) -> None:
        self._settings, self._token = settings, token
        self.lookup_problem = "" if settings.id else "verify.heartbeat.id is not configured"
        self._access = self._database(ctx)

    def _database(self, ctx: Context) -> DatabaseAccess | None:
        """Return how to reach the database; None if no lookup is configured or possible."""
        try:
            return ctx.database() if self._settings.id else None
        except CosmicError as error:
            self.lookup_problem = error.what
            return None

    def create(self) -> tuple[str, Request]:
        """Return a new heartbeat's id and its request."""
        heartbeat_id = uuid4().hex
        id_field = {self._settings.id.field: heartbeat_id} if self._settings.id else {}
        body = {**self._settings.body, **id_field}
        return heartbeat_id, Request(path=self._settings.path, token=self._token, body=body)

    def is_stored(self, heartbeat_id: str) -> bool | None:
        """Return whether the heartbeat with this id is stored; None if it cannot be looked up.

        Runs one query in a new database session.
        """
        if self._access is None or self._settings.id is None:
            return None
        try:
            return _stored(self._access, self._settings.id, heartbeat_id)
        except DatabaseError as error:
            self.lookup_problem = error.what
            return None


def _stored(access: DatabaseAccess, location: HeartbeatId, heartbeat_id: str) -> bool:
    table, column = quoted(location.table), quoted(location.column)
    sql = f"SELECT 1 FROM {table} WHERE {column} = %s LIMIT 1"  # noqa: S608 - quoted
    with open_session(access, read_timeout=LOOKUP_TIMEOUT_SECONDS) as session:
        return bool(session.rows(sql, heartbeat_id))


def configured_heartbeats(ctx: Context) -> Heartbeats | None:
    """Return the heartbeats of `verify.heartbeat`; None if it is not configured or has no token."""
    beat = ctx.settings.verify.heartbeat
    token = ctx.loaded.variables.get(beat.token_variable, "") if beat else ""
    return Heartbeats(ctx, beat, token) if beat and token else None

"""Status changes of devices: stored with the new status, announced after the commit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cosmic_app.cache import Breaker
from cosmic_app.database.schema import Schema
from cosmic_app.queue.jobs import Job, push

if TYPE_CHECKING:
    from pymysql.cursors import DictCursor

CONNECTED = "Connected"
TEMPORARILY_OFFLINE = "Temporarily Offline"
DISCONNECTED = "Disconnected"

NOTIFICATION = "DeviceStatusChanged"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A status change, caused by a beat (`source` "heartbeat") or by the monitor ("system")."""

    device_id: int
    device_name: str
    from_status: str
    to_status: str
    reason: str
    source: str

    @property
    def context(self) -> dict[str, int | str]:
        """The fields by name, as they are logged and sent."""
        return dict(vars(self))


def store(cursor: DictCursor, transitions: Sequence[Transition], schema: Schema) -> None:
    """Store the transitions. Call it in the transaction that changes the status."""
    if not transitions or not schema.transitions:
        return
    # Not `executemany`: because of NOW(3), PyMySQL would send a statement for each row.
    rows = ", ".join(["(%s, %s, %s, %s, %s, NOW(3))"] * len(transitions))
    insert = (
        "INSERT INTO device_status_transitions"  # noqa: S608 - only placeholders
        f" (remote_id, from_status, to_status, reason, source, created_at) VALUES {rows}"
    )
    parameters: list[object] = []
    for t in transitions:
        parameters += (t.device_id, t.from_status, t.to_status, t.reason, t.source)
    cursor.execute(insert, parameters)


def announce(transitions: Sequence[Transition], redis: Breaker) -> None:
    """Log committed transitions and queue a notification for each."""
    if not transitions:
        return
    contexts = [transition.context for transition in transitions]
    logger.info("Device status transition", extra={"contexts": contexts})
    jobs = [Job.new(NOTIFICATION, context) for context in contexts]
    redis.attempt(lambda client: push(client, jobs))

"""Change what others may be using: wait for them briefly, and often."""

from __future__ import annotations

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from cosmicdeploy.database.access import Session, error_code

# A waiting change holds up every later query on its tables.
LOCK_WAIT_SECONDS = 3
GIVE_UP_SECONDS = 60
LOCK_WAIT_TIMEOUT = 1205


def patiently(session: Session, statement: str | bytes) -> None:
    """Run a statement that needs tables for itself. Raises `DatabaseError`, also after a minute."""
    session.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}")
    for attempt in Retrying(
        retry=retry_if_exception(_is_lock_timeout),
        stop=stop_after_delay(GIVE_UP_SECONDS),
        wait=wait_fixed(1),
        reraise=True,
    ):
        with attempt:
            session.execute(statement)


def _is_lock_timeout(error: BaseException) -> bool:
    return error_code(error.__cause__) == LOCK_WAIT_TIMEOUT

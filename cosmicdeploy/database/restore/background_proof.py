"""Prove a backup's data in the background of a run: load all data into a scratch schema.

One connection loads the data. After each piece it pauses as long as the piece took, but at most a
second, so that clients hardly notice. If the run ends before the proof, it also ends the proof and
the statements of the proof on the server. If the process is killed, the next run or test restore
drops the scratch schema.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from contextlib import suppress

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.restore.verify import (
    RestoreTest,
    Verification,
    verify_restore_and_record,
)
from cosmicdeploy.database.schema.schemas import end_sessions, scratch_name
from cosmicdeploy.database.session import open_session
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.process.concurrency import start_in_thread

LONGEST_PAUSE_SECONDS = 1.0
# How long to wait for the end of an abandoned proof, and the interval at which its sessions are
# ended until then.
END_SECONDS = 2
END_EVERY_SECONDS = 0.5


class Abandoned(BaseException):
    """Ends the proof's thread; a `BaseException`, so that no code in between catches it."""


class BackgroundProof:
    """The proof of at most one backup: `backup`, which the caller sets before `start`.

    `megabytes` is how much SQL the current pass over the data has read, in MB.
    """

    def __init__(self) -> None:
        self.backup: Backup | None = None
        self.megabytes = 0
        self._future: Future[Verification] | None = None
        self._access: DatabaseAccess | None = None
        self._schema = ""
        self._is_abandoned = threading.Event()
        self._resumed_at = 0.0

    @property
    def is_pending(self) -> bool:
        """Whether a backup waits for a proof that has not begun."""
        return self.backup is not None and self._future is None

    @property
    def is_running(self) -> bool:
        """Whether the proof has begun and not ended."""
        return self._future is not None and not self._future.done()

    def start(self, engine: Engine, access: DatabaseAccess, catalogue: Catalogue) -> None:
        """Begin to load the pending backup in a thread of its own."""
        backup = self.backup
        if backup is None:
            return
        self._access, self._schema = access, scratch_name(access.name)
        how = RestoreTest(data=True, connections=1, schema=self._schema)
        self._resumed_at = time.monotonic()
        self._future = start_in_thread(
            lambda: verify_restore_and_record(engine, access, catalogue, backup, self._pace, how)
        )

    def result(self) -> Verification:
        """Return the result of a proof that has ended, or raise its error."""
        assert self._future is not None  # noqa: S101 - the caller has started it
        return self._future.result(timeout=0)

    def abandon(self) -> None:
        """End the proof and what it runs on the server, and wait up to two seconds for its end.

        The proof's thread drops the scratch schema as it ends.
        """
        self._is_abandoned.set()
        until = time.monotonic() + END_SECONDS
        while self.is_running and time.monotonic() < until:
            # Repeatedly, since the proof may be opening its next connection at this moment.
            self._end_sessions()
            wait([self._future] if self._future else [], timeout=END_EVERY_SECONDS)

    def _end_sessions(self) -> None:
        """End the proof's sessions, since a load, an index or a read of all rows may take hours."""
        if self._access is not None:
            with suppress(DatabaseError), open_session(self._access, END_SECONDS) as session:
                end_sessions(session, self._schema)

    def _pace(self, done: int) -> None:
        """Pause as long as the last piece took, at most a second; raise `Abandoned` to stop."""
        if self._is_abandoned.is_set():
            raise Abandoned
        if done:  # 0 reports no progress, but only gives the chance to stop here
            self.megabytes = done // 1_000_000
        took = time.monotonic() - self._resumed_at
        if self._is_abandoned.wait(min(took, LONGEST_PAUSE_SECONDS)):
            raise Abandoned
        self._resumed_at = time.monotonic()

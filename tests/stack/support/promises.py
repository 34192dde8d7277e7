"""Check what must hold after every fault: a consistent stack, no lost heartbeat, intact backups."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.schema.schemas import proof_name, replaced_name, shadow_name
from cosmicdeploy.probes.http import OK, Response, send_request
from tests.stack.support.harness import BEAT, BODY, StackUnderTest
from tests.stack.support.processes.threads import in_threads

# The service stores times in milliseconds, and reads the same clock as the tests.
RESOLUTION_SECONDS = 0.001


@dataclass
class Acknowledged:
    """The send times of the heartbeats that were answered 200, in seconds of Unix time.

    `turned_away` counts answers 503 with Retry-After; `failures` has all other answers.
    """

    all: list[float] = field(default_factory=list)
    turned_away: int = 0
    failures: list[str] = field(default_factory=list)

    def count(self, at: float, answer: Response) -> None:
        """Record the answer to a heartbeat that was sent at this time."""
        if answer.status == OK:
            self.all.append(at)
        elif answer.is_turned_away:
            self.turned_away += 1
        else:
            self.failures.append(str(answer))

    def require_kept(self, stack: StackUnderTest) -> None:
        """Assert that the last acknowledged heartbeat, or a later one, is in the database."""
        with stack.database() as facts:
            rows = facts.session.rows("SELECT UNIX_TIMESTAMP(MAX(last_heartbeat_at)) FROM remotes")
        newest = max(self.all, default=0.0)
        assert float(rows[0][0] or 0) >= newest - RESOLUTION_SECONDS, (
            "an acknowledged heartbeat is lost"
        )


@contextmanager
def acknowledged(stack: StackUnderTest, per_second: float = 10) -> Iterator[Acknowledged]:
    """Send heartbeats during the block, and record those that are answered 200."""
    beats, url = Acknowledged(), stack.url()
    tokens = itertools.cycle(stack.kiosks)

    def send(stop: threading.Event) -> None:
        while not stop.wait(1 / per_second):
            at = time.time()
            beats.count(at, send_request(url + BEAT, token=next(tokens), json=BODY))

    with in_threads(send):
        yield beats


def require_whole(stack: StackUnderTest) -> None:
    """Assert one image in all running containers, no superseded container, no temporary schema."""
    ctx, containers = stack.open(), stack.containers()
    tag = ctx.image_of(stack.released[0])
    assert tag is not None and stack.images() == {tag.id}, "the containers' images are mixed"
    assert all(c.is_running for c in containers.values()), "a container does not run"
    names = {c.name for c in ctx.engine.containers(ctx.stack.project)}
    assert names == {c.name for c in containers.values()}, f"containers left over: {names}"
    assert not ctx.engine.leftovers(ctx.stack.project), "a one-off container is left over"
    access = ctx.database()
    with stack.database() as facts:
        schemas = {str(row[0]) for row in facts.session.rows("SHOW DATABASES")}
    temporary = {each(access.name) for each in (shadow_name, replaced_name, proof_name)}
    assert not schemas & temporary, schemas


def require_backups_intact(stack: StackUnderTest) -> None:
    """Assert that every good backup matches its manifest."""
    for backup in stack.open().catalogue.list():
        if backup.is_good:
            verify_backup(backup).require()

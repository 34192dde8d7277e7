"""What must hold after every fault: a whole state, no acknowledged beat lost, backups intact."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.schema.schemas import replaced_name, shadow_name
from cosmicdeploy.probes.http import OK, Response, ask
from tests.stack.support.harness import BEAT, BODY, RELEASED, StackUnderTest

# The service stores milliseconds, by the same clock as ours.
RESOLUTION_SECONDS = 0.001


@dataclass
class Acknowledged:
    """When each beat was sent that was answered 200, in seconds of Unix time; `turned_away` counts
    those answered 503 with Retry-After, `failures` holds all others."""

    all: list[float] = field(default_factory=list)
    turned_away: int = 0
    failures: list[str] = field(default_factory=list)

    def count(self, at: float, answer: Response) -> None:
        """Take in the answer to a beat that was sent at this time."""
        if answer.status == OK:
            self.all.append(at)
        elif answer.turned_away:
            self.turned_away += 1
        else:
            self.failures.append(str(answer))

    def require_kept(self, stack: StackUnderTest) -> None:
        """The last acknowledged beat is in the database, or a later one."""
        with stack.database() as facts:
            rows = facts.session.rows("SELECT UNIX_TIMESTAMP(MAX(last_heartbeat_at)) FROM remotes")
        newest = max(self.all, default=0.0)
        assert float(rows[0][0] or 0) >= newest - RESOLUTION_SECONDS, "an acknowledged beat is lost"


@contextmanager
def acknowledged(stack: StackUnderTest, per_second: float = 10) -> Iterator[Acknowledged]:
    """Beats meanwhile, each remembered once it was answered 200."""
    seen, stop, url = Acknowledged(), threading.Event(), stack.url()
    tokens = itertools.cycle(stack.kiosks)

    def send() -> None:
        while not stop.wait(1 / per_second):
            at = time.time()
            seen.count(at, ask(url + BEAT, token=next(tokens), json=BODY))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def require_whole(stack: StackUnderTest) -> None:
    """One image in all containers, healthy, none set aside, nothing left beside the live schema."""
    ctx, containers = stack.open(), stack.containers()
    tag = ctx.image_of(RELEASED[0])
    assert tag is not None and stack.images() == {tag.id}, "the containers' images are mixed"
    assert all(c.is_running for c in containers.values()), "a container does not run"
    names = {c.name for c in ctx.engine.containers(ctx.stack.project)}
    assert names == {c.name for c in containers.values()}, f"left behind: {names}"
    assert not ctx.engine.leftovers(ctx.stack.project), "a one-off container is left behind"
    access = ctx.database()
    with stack.database() as facts:
        schemas = {str(row[0]) for row in facts.session.rows("SHOW DATABASES")}
    assert not schemas & {shadow_name(access.name), replaced_name(access.name)}, schemas


def require_backups_intact(stack: StackUnderTest) -> None:
    """Every good backup is what its manifest says."""
    for backup in stack.open().catalogue.list():
        if backup.is_good:
            verify_backup(backup).require()

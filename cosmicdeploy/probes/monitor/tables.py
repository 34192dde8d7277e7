"""The `changes` and `transitions` topics: status changes of devices, read from the database.

A transition is one change of a device's status. If a table or column is missing, its topic is
reported as unavailable until a migration creates it. Each poll reads a limited number of rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.probes.monitor.event import (
    CHANGES,
    DATABASE,
    TRANSITIONS,
    MonitorEvent,
    TopicAvailability,
)
from cosmicdeploy.probes.monitor.transition import transition
from cosmicdeploy.settings import DeviceColumns, TransitionColumns

EVERY_SECONDS = 2.0
# The database counts as unavailable after this many seconds without an answer.
SILENCE_SECONDS = 5.0
# The most devices and transitions that one poll reads.
DEVICE_ROWS, TRANSITION_ROWS = 50, 1000
# This many of the last ids are read again, since a row with a lower id may be committed later.
REREAD_IDS = 100

# One query of a poll: yields the events that its rows show.
Part = Callable[[Facts], Iterator[MonitorEvent]]


class Tables:
    """Runs the queries of its parts at each poll, on one database session that stays open.

    After an error of the database, the next poll opens a new session.
    """

    def __init__(self, ctx: Context, parts: Sequence[Part]) -> None:
        self._ctx, self._parts = ctx, parts
        self._opened = ExitStack()
        self._facts: Facts | None = None

    def poll(self) -> Iterator[MonitorEvent]:
        """Run each part's query and yield its events.

        Raises `DatabaseError`, and `EngineError` if the database does not run.
        """
        facts = self._facts or self._open()
        try:
            for part in self._parts:
                yield from part(facts)
        except DatabaseError:
            self._facts = None
            self._opened.close()
            raise

    def _open(self) -> Facts:
        access = self._ctx.database()
        session = self._opened.enter_context(open_session(access, read_timeout=SILENCE_SECONDS))
        self._facts = Facts(session, access.name)
        return self._facts


class Changes:
    """Reports the devices whose status changed within the last `recent` seconds.

    Each poll yields a quiet event with all these devices, for the live view. It also yields an
    event for each new change that happened after `since` (Unix time).
    """

    def __init__(self, columns: DeviceColumns, recent: float, since: float) -> None:
        self._columns, self._recent, self._since = columns, recent, since
        self._known: dict[Any, float] = {}
        self._availability = TopicAvailability(CHANGES)

    def __call__(self, facts: Facts) -> Iterator[MonitorEvent]:
        present = set(facts.columns(self._columns.table))
        missing = describe_missing(self._columns.table, self._columns.needed, present)
        yield from self._availability.report(missing)
        if missing:
            return
        rows = self._rows(facts, present)
        yield MonitorEvent(
            at=time.time(), topic=CHANGES, source=DATABASE, text="",
            facts={"rows": rows}, quiet=True,
        )  # fmt: skip
        for row in reversed(rows):
            at, device = row["at"], row["device_id"]
            if at > max(self._since, self._known.get(device, 0.0)):
                self._known[device] = at
                yield replace(transition(at, DATABASE, row, "changes"), topic=CHANGES)

    def _rows(self, facts: Facts, present: set[str]) -> list[dict[str, Any]]:
        columns = self._columns.selected(present)
        changed, table = quoted(self._columns.changed_at), quoted(self._columns.table)
        sql = (
            f"SELECT {_selection('', columns)}, UNIX_TIMESTAMP({changed}) AS at FROM {table}"  # noqa: S608 - quoted
            f" WHERE {changed} > NOW() - INTERVAL %s SECOND ORDER BY {changed} DESC"
            f" LIMIT {DEVICE_ROWS}"
        )
        rows = facts.session.rows(sql, int(self._recent))
        return [_row((*columns, "at"), row) for row in rows]


class Transitions:
    """Reports each new row of the table of transitions once.

    A transition after `since` (Unix time) is an ordinary event. An earlier transition within the
    last `recent` seconds is a quiet event: it gets no line of its own, but counts for flapping.
    """

    def __init__(
        self,
        columns: TransitionColumns,
        devices: DeviceColumns | None,
        recent: float,
        since: float,
    ) -> None:
        self._columns, self._devices = columns, devices
        self._recent, self._since = recent, since
        self._last, self._seen = 0, set[int]()
        self._availability = TopicAvailability(TRANSITIONS)

    def __call__(self, facts: Facts) -> Iterator[MonitorEvent]:
        columns = self._columns
        present = set(facts.columns(columns.table))
        missing = describe_missing(columns.table, columns.needed, present)
        yield from self._availability.report(f"{missing}; log lines only" if missing else "")
        if missing:
            return
        for row in sorted(self._rows(facts, present), key=lambda row: int(row["id"])):
            if self._is_new(int(row["id"])) and row["at"] > min(self._since, self._oldest()):
                event = transition(row["at"], DATABASE, row, "database")
                yield replace(event, quiet=row["at"] <= self._since)
        self._seen = {each for each in self._seen if each > self._last - REREAD_IDS}

    def _oldest(self) -> float:
        return time.time() - self._recent

    def _is_new(self, number: int) -> bool:
        if number in self._seen:
            return False
        self._seen.add(number)
        self._last = max(self._last, number)
        return True

    def _rows(self, facts: Facts, present: set[str]) -> list[dict[str, Any]]:
        columns, devices = self._columns, self._devices
        selected = columns.selected(present)
        selection, source = _selection("t.", selected), f"{quoted(columns.table)} t"
        names = [*selected, "at"]
        key, at = f"t.{quoted(columns.id)}", f"UNIX_TIMESTAMP(t.{quoted(columns.at)})"
        selection += f", {at} AS at"
        if devices and {devices.id, devices.name} <= set(facts.columns(devices.table)):
            names.append("device_name")
            selection += f", d.{quoted(devices.name)} AS device_name"
            source += f" LEFT JOIN {quoted(devices.table)} d"
            source += f" ON d.{quoted(devices.id)} = t.{quoted(columns.device)}"
        sql = (
            f"SELECT {selection} FROM {source} WHERE {key} > %s"  # noqa: S608 - quoted
            f" ORDER BY {key} DESC LIMIT {TRANSITION_ROWS}"
        )
        return [_row(names, row) for row in facts.session.rows(sql, self._last - REREAD_IDS)]


def describe_missing(table: str, needed: Iterable[str], present: set[str]) -> str:
    """Return which needed columns a table lacks, as text; "" if it has all of them.

    `present` are the table's columns; if there are none, the table does not exist.
    """
    if not present:
        return f"there is no table {table}"
    missing = [column for column in needed if column not in present]
    return f"{table} has no column {', '.join(missing)}" if missing else ""


def _selection(prefix: str, columns: Mapping[str, str]) -> str:
    return ", ".join(f"{prefix}{quoted(column)} AS {key}" for key, column in columns.items())


def _row(names: Iterable[str], row: Sequence[Any]) -> dict[str, Any]:
    """Return a row as a mapping whose values JSON can represent; `at` is Unix time."""
    named = dict(zip(names, row, strict=True))
    plain = {k: v if isinstance(v, int | None) else str(v) for k, v in named.items()}
    return {**plain, "at": float(named["at"] or 0)}

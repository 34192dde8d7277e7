"""What the database tells of devices: whose status changed last, and every transition.

Tables and columns that are not there are left out with the reason, and taken up once a migration
brings them. Every look reads few rows, by an index or from a table's end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.probes.monitor.event import CHANGES, DATABASE, TRANSITIONS, LeftOut, Sight
from cosmicdeploy.probes.monitor.transition import transition
from cosmicdeploy.settings import DeviceColumns, TransitionColumns

EVERY_SECONDS = 2.0
# A database that says nothing for so long does not answer.
SILENCE_SECONDS = 5.0
ROWS = 50
# Transitions of one look; and so many back, since those with lower numbers may be committed later.
TRANSITION_ROWS, LATE = 1000, 100

Part = Callable[[Facts], Iterator[Sight]]


class Tables:
    """Asks all its parts on one session, kept between two looks."""

    def __init__(self, ctx: Context, parts: Sequence[Part]) -> None:
        self._ctx, self._parts = ctx, parts
        self._opened = ExitStack()
        self._facts: Facts | None = None

    def look(self) -> Iterator[Sight]:
        """What each part sees. Raises `DatabaseError`, and `EngineError` where it does not run."""
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
        session = self._opened.enter_context(open_session(access, silence=SILENCE_SECONDS))
        self._facts = Facts(session, access.name)
        return self._facts


class Changes:
    """Devices whose status changed within the last `recent` seconds: news from `since` on."""

    def __init__(self, columns: DeviceColumns, recent: float, since: float) -> None:
        self._columns, self._recent, self._since = columns, recent, since
        self._known: dict[Any, float] = {}
        self._left_out = LeftOut(CHANGES)

    def __call__(self, facts: Facts) -> Iterator[Sight]:
        there = set(facts.columns(self._columns.table))
        missing = lacking(self._columns.table, self._columns.needed, there)
        yield from self._left_out.tell(missing)
        if missing:
            return
        rows = self._rows(facts, there)
        yield Sight(
            at=time.time(), topic=CHANGES, source=DATABASE, text="",
            facts={"rows": rows}, quiet=True,
        )  # fmt: skip
        for row in reversed(rows):
            at, device = row["at"], row["device_id"]
            if at > max(self._since, self._known.get(device, 0.0)):
                self._known[device] = at
                told = transition(at, DATABASE, row, "changes")
                yield replace(told, topic=CHANGES)

    def _rows(self, facts: Facts, there: set[str]) -> list[dict[str, Any]]:
        wanted = self._columns.selected(there)
        changed, table = quoted(self._columns.changed_at), quoted(self._columns.table)
        sql = (
            f"SELECT {_selection('', wanted)}, UNIX_TIMESTAMP({changed}) AS at FROM {table}"  # noqa: S608 - quoted
            f" WHERE {changed} > NOW() - INTERVAL %s SECOND ORDER BY {changed} DESC LIMIT {ROWS}"
        )
        rows = facts.session.rows(sql, int(self._recent))
        return [_row((*wanted, "at"), row) for row in rows]


class Transitions:
    """The table that has every transition: news from `since` on. Those of `recent` seconds before
    come as well, quietly."""

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
        self._left_out = LeftOut(TRANSITIONS)

    def __call__(self, facts: Facts) -> Iterator[Sight]:
        columns = self._columns
        there = set(facts.columns(columns.table))
        missing = lacking(columns.table, columns.needed, there)
        yield from self._left_out.tell(f"{missing}; log lines only" if missing else "")
        if missing:
            return
        for row in sorted(self._rows(facts, there), key=lambda row: int(row["id"])):
            if self._is_new(int(row["id"])) and row["at"] > min(self._since, self._oldest()):
                told = transition(row["at"], DATABASE, row, "database")
                yield replace(told, quiet=row["at"] <= self._since)
        self._seen = {each for each in self._seen if each > self._last - LATE}

    def _oldest(self) -> float:
        return time.time() - self._recent

    def _is_new(self, number: int) -> bool:
        if number in self._seen:
            return False
        self._seen.add(number)
        self._last = max(self._last, number)
        return True

    def _rows(self, facts: Facts, there: set[str]) -> list[dict[str, Any]]:
        columns, devices = self._columns, self._devices
        wanted = columns.selected(there)
        selection, source = _selection("t.", wanted), f"{quoted(columns.table)} t"
        names = [*wanted, "at"]
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
        return [_row(names, row) for row in facts.session.rows(sql, self._last - LATE)]


def lacking(table: str, needed: Iterable[str], there: set[str]) -> str:
    """What is missing of a table, in words; "" where nothing is."""
    if not there:
        return f"there is no table {table}"
    missing = [column for column in needed if column not in there]
    return f"{table} has no column {', '.join(missing)}" if missing else ""


def _selection(prefix: str, wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{prefix}{quoted(column)} AS {key}" for key, column in wanted.items())


def _row(names: Iterable[str], row: Sequence[Any]) -> dict[str, Any]:
    """With what JSON can say; a moment as a number."""
    named = dict(zip(names, row, strict=True))
    plain = {k: v if isinstance(v, int | None) else str(v) for k, v in named.items()}
    return {**plain, "at": float(named["at"] or 0)}

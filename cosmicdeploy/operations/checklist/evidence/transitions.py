"""Rows of the table of transitions, and what is wrong with them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import ConfigError, DatabaseError
from cosmicdeploy.operations.checklist import logs
from cosmicdeploy.operations.checklist.span import Span
from cosmicdeploy.probes.monitor.tables import lacking
from cosmicdeploy.probes.monitor.transition_lines import TransitionLines
from cosmicdeploy.settings import DeviceColumns, TransitionColumns


@dataclass(frozen=True)
class Moved:
    """A device's transition at a moment (Unix time); `before` is "" where that is not kept."""

    device: str
    before: str
    after: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Transitions in their order, some older than the span; `begins` is where they begin."""

    moves: Sequence[Moved]
    begins: float


def in_table(facts: Facts, columns: TransitionColumns, span: Span) -> Transitions:
    """The newest rows, as many as the span bounds. Raises `DatabaseError`."""
    there = set(facts.columns(columns.table))
    if missing := lacking(columns.table, columns.needed, there):
        raise DatabaseError(missing, todo="see `monitoring.transitions`, or migrate")
    table, key = quoted(columns.table), quoted(columns.id)
    before = quoted(columns.before) if columns.before in there else "''"
    last = facts.session.rows(f"SELECT MAX({key}) FROM {table}")[0][0]  # noqa: S608 - quoted
    rows = facts.session.rows(
        f"SELECT {quoted(columns.device)}, {before}, {quoted(columns.after)},"  # noqa: S608 - quoted
        f" UNIX_TIMESTAMP({quoted(columns.at)}) FROM {table} WHERE {key} > %s ORDER BY {key}",
        max(0, (last or 0) - span.rows),
    )
    moves = [Moved(str(d), str(b or ""), str(a), float(at or 0)) for d, b, a, at in rows]
    return Transitions(moves=moves, begins=max(span.since, moves[0].at) if moves else span.since)


def in_logs(ctx: Context, span: Span) -> Transitions:
    """Those that log lines tell of. Raises `ConfigError` where it is not known how they do,
    `EngineError` where a log cannot be read."""
    words = ctx.settings.monitoring.transition
    if not words:
        raise ConfigError(
            "monitoring names no table and no log line of transitions", where=str(ctx.loaded.file)
        )
    moves, begins = [], span.since
    for service in ctx.settings.services.released:
        # One that is written to both is told once.
        for log in [*logs.file(ctx, service, span)] or [logs.output(ctx, service, span)]:
            moves += list(_told_in(log, words))
            begins = max(begins, log.begins)
    return Transitions(moves=sorted(moves, key=lambda move: move.at), begins=begins)


def _told_in(log: logs.Log, words: str) -> Iterable[Moved]:
    reader = TransitionLines(words)
    for line in log.lines:
        for found in reader.take(line.text):
            if (told := found.context) and "device_id" in told:
                before, after = str(told.get("from_status") or ""), str(told.get("to_status"))
                yield Moved(str(told["device_id"]), before, after, line.at / logs.SECOND)


def broken(moves: Iterable[Moved], since: float) -> int:
    """How many transitions since then begin from another status than the device's last one ended
    with: somebody changed the status beside the application, or a transition was not kept."""
    last: dict[str, str] = {}
    count = 0
    for move in moves:
        known = last.get(move.device)
        count += bool(move.before and known is not None and known != move.before) and (
            move.at >= since
        )
        last[move.device] = move.after
    return count


def flapping(moves: Iterable[Moved], more_than: int, seconds: float, since: float) -> list[str]:
    """The devices that had more transitions than so many within so many seconds, since then."""
    recent: dict[str, deque[float]] = defaultdict(deque)
    found: dict[str, None] = {}
    for move in sorted(moves, key=lambda move: move.at):
        if move.at < since:
            continue
        moments = recent[move.device]
        moments.append(move.at)
        while moments[0] <= move.at - seconds:
            moments.popleft()
        if len(moments) > more_than:
            found[move.device] = None
    return list(found)


def astray(session: Session, columns: TransitionColumns, devices: DeviceColumns, rows: int) -> int:
    """Devices whose status is not what the last of their newest transitions says. One statement, so
    that it sees both at one moment."""
    table, key, device = quoted(columns.table), quoted(columns.id), quoted(columns.device)
    sql = (
        f"SELECT COUNT(*) FROM {table} t JOIN (SELECT MAX({key}) AS newest FROM {table}"  # noqa: S608 - quoted
        f" WHERE {key} > (SELECT CAST(MAX({key}) AS SIGNED) - %s FROM {table}) GROUP BY {device}) n"
        f" ON t.{key} = n.newest JOIN {quoted(devices.table)} d ON d.{quoted(devices.id)} ="
        f" t.{device} WHERE d.{quoted(devices.status)} <> t.{quoted(columns.after)}"
    )
    return int(session.rows(sql, rows)[0][0])

"""Transitions from the table or the logs, and what is wrong with them."""

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
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.probes.monitor.tables import describe_missing
from cosmicdeploy.probes.monitor.transition_lines import TransitionLines
from cosmicdeploy.settings import DeviceColumns, TransitionColumns


@dataclass(frozen=True)
class Transition:
    """A device's transition at a Unix time; `before` is "" where it is not recorded."""

    device: str
    before: str
    after: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Transitions in their order, some older than the span; they are complete from `begins` on."""

    moves: Sequence[Transition]
    begins: float


def in_table(facts: Facts, columns: TransitionColumns, span: Span) -> Transitions:
    """Return the newest rows of the table, up to the span's limit. Raises `DatabaseError`."""
    present = set(facts.columns(columns.table))
    if missing := describe_missing(columns.table, columns.needed, present):
        raise DatabaseError(
            f"Transitions cannot be read: {missing}",
            todo="see `monitoring.transitions`, or migrate",
        )
    table, key = quoted(columns.table), quoted(columns.id)
    before = quoted(columns.before) if columns.before in present else "''"
    last = facts.session.rows(f"SELECT MAX({key}) FROM {table}")[0][0]  # noqa: S608 - quoted
    rows = facts.session.rows(
        f"SELECT {quoted(columns.device)}, {before}, {quoted(columns.after)},"  # noqa: S608 - quoted
        f" UNIX_TIMESTAMP({quoted(columns.at)}) FROM {table} WHERE {key} > %s ORDER BY {key}",
        max(0, (last or 0) - span.rows),
    )
    moves = [Transition(str(d), str(b or ""), str(a), float(at or 0)) for d, b, a, at in rows]
    return Transitions(moves=moves, begins=max(span.since, moves[0].at) if moves else span.since)


def in_logs(ctx: Context, span: Span) -> Transitions:
    """Return the transitions in log lines.

    Raises `ConfigError` if no setting says what such a line looks like, `EngineError` if a log
    cannot be read.
    """
    words = ctx.settings.monitoring.transition
    if not words:
        raise ConfigError(
            "`monitoring` names no table and no log line of transitions", where=str(ctx.loaded.file)
        )
    moves, begins = [], span.since
    for service in ctx.settings.services.released:
        # A transition that is written to both counts once.
        for log in [*logs.file(ctx, service, span)] or [logs.output(ctx, service, span)]:
            moves += list(_in_log(log, words))
            begins = max(begins, log.begins)
    return Transitions(moves=sorted(moves, key=lambda move: move.at), begins=begins)


def _in_log(log: logs.Log, words: str) -> Iterable[Transition]:
    reader = TransitionLines(words)
    for line in log.lines:
        for parsed in reader.take(line.text):
            if (context := parsed.context) and "device_id" in context:
                before = str(context.get("from_status") or "")
                after = str(context.get("to_status"))
                at = line.at / logs.SECOND
                yield Transition(str(context["device_id"]), before, after, at)


def broken(moves: Iterable[Transition], since: float) -> int:
    """Count the transitions since a Unix time that begin with another status than the device's last
    one ended with.

    Something beside the application changed the status, or a transition was not recorded.
    """
    last: dict[str, str] = {}
    count = 0
    for move in moves:
        known = last.get(move.device)
        count += bool(move.before and known is not None and known != move.before) and (
            move.at >= since
        )
        last[move.device] = move.after
    return count


def flapping(
    moves: Iterable[Transition], more_than: int, seconds: float, since: float
) -> list[str]:
    """Return the devices with more than `more_than` transitions within any `seconds`."""
    recent: dict[str, deque[float]] = defaultdict(deque)
    devices: dict[str, None] = {}
    for move in sorted(moves, key=lambda move: move.at):
        if move.at < since:
            continue
        times = recent[move.device]
        times.append(move.at)
        while times[0] <= move.at - seconds:
            times.popleft()
        if len(times) > more_than:
            devices[move.device] = None
    return list(devices)


def astray(session: Session, columns: TransitionColumns, devices: DeviceColumns, rows: int) -> int:
    """Count the devices whose status is not that of their last transition, among the newest `rows`.

    It is one statement, so that it reads both tables at one moment.
    """
    table, key, device = quoted(columns.table), quoted(columns.id), quoted(columns.device)
    sql = (
        f"SELECT COUNT(*) FROM {table} t JOIN (SELECT MAX({key}) AS newest FROM {table}"  # noqa: S608 - quoted
        f" WHERE {key} > (SELECT CAST(MAX({key}) AS SIGNED) - %s FROM {table}) GROUP BY {device}) n"
        f" ON t.{key} = n.newest JOIN {quoted(devices.table)} d ON d.{quoted(devices.id)} ="
        f" t.{device} WHERE d.{quoted(devices.status)} <> t.{quoted(columns.after)}"
    )
    return int(session.rows(sql, rows)[0][0])

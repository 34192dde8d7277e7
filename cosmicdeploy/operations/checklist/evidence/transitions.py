"""Read devices' transitions (changes of status) from a table or logs, and find faults in them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
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
    """A device's change of status at a Unix time; `before` is "" if it was not recorded."""

    device: str
    before: str
    after: str
    at: float


@dataclass(frozen=True, kw_only=True)
class TransitionHistory:
    """The transitions of all devices, oldest first.

    From `begins` (Unix time) on, the history is complete. It may also contain older transitions.
    """

    transitions: Sequence[Transition]
    begins: float


def from_table(facts: Facts, columns: TransitionColumns, span: Span) -> TransitionHistory:
    """Read at most the newest `span.rows` rows of the table. Raises `DatabaseError`."""
    present = set(facts.columns(columns.table))
    if problem := describe_missing(columns.table, columns.needed, present):
        raise DatabaseError(
            f"Transitions cannot be read: {problem}",
            todo="correct `monitoring.transitions` in the settings, or migrate:"
            " `cosmicdeploy deploy`",
        )
    table, key = quoted(columns.table), quoted(columns.id)
    before = quoted(columns.before) if columns.before in present else "''"
    last = facts.session.rows(f"SELECT MAX({key}) FROM {table}")[0][0]  # noqa: S608 - quoted
    rows = facts.session.rows(
        f"SELECT {quoted(columns.device)}, {before}, {quoted(columns.after)},"  # noqa: S608 - quoted
        f" UNIX_TIMESTAMP({quoted(columns.at)}) FROM {table} WHERE {key} > %s ORDER BY {key}",
        max(0, (last or 0) - span.rows),
    )
    read = [Transition(str(d), str(b or ""), str(a), float(at or 0)) for d, b, a, at in rows]
    begins = max(span.since, read[0].at) if read else span.since
    return TransitionHistory(transitions=read, begins=begins)


def from_logs(ctx: Context, span: Span) -> TransitionHistory:
    """Read transitions from the application's log lines.

    Raises `ConfigError` if `monitoring.transition` is not set, `EngineError` if a log cannot be
    read.
    """
    words = ctx.settings.monitoring.transition
    if not words:
        raise ConfigError(
            "`monitoring` names neither a table nor a log line for transitions",
            where=str(ctx.loaded.file),
        )
    read, begins = [], span.since
    for service in ctx.settings.services.released:
        # Either the file or the output is read: a transition that is written to both counts once.
        for log in [*logs.file(ctx, service, span)] or [logs.output(ctx, service, span)]:
            read += list(_read_log(log, words))
            begins = max(begins, log.begins)
    return TransitionHistory(transitions=sorted(read, key=lambda each: each.at), begins=begins)


def _read_log(log: logs.Log, words: str) -> Iterable[Transition]:
    reader = TransitionLines(words)
    for line in log.lines:
        for parsed in reader.take(line.text):
            if (context := parsed.context) and "device_id" in context:
                before = str(context.get("from_status") or "")
                after = str(context.get("to_status"))
                at = line.at / logs.SECOND
                yield Transition(str(context["device_id"]), before, after, at)


def count_broken(transitions: Iterable[Transition], since: float) -> int:
    """Count the broken transitions since the Unix time `since`.

    A transition is broken if its recorded status before differs from the status after the device's
    previous transition. Then something other than the application changed the status, or a
    transition was not recorded.
    """
    last_status: dict[str, str] = {}
    count = 0
    for each in transitions:
        expected = last_status.get(each.device, each.before)
        if each.before and each.before != expected and each.at >= since:
            count += 1
        last_status[each.device] = each.after
    return count


def flapping_devices(
    transitions: Iterable[Transition], more_than: int, seconds: float, since: float
) -> list[str]:
    """Return the devices with more than `more_than` transitions in any period of `seconds`.

    Only transitions since the Unix time `since` count.
    """
    recent: dict[str, deque[float]] = defaultdict(deque)
    devices: dict[str, None] = {}
    for each in sorted(transitions, key=lambda each: each.at):
        if each.at < since:
            continue
        times = recent[each.device]
        times.append(each.at)
        while times[0] <= each.at - seconds:
            times.popleft()
        if len(times) > more_than:
            devices[each.device] = None
    return list(devices)


def count_astray(
    session: Session, columns: TransitionColumns, devices: DeviceColumns, rows: int
) -> int:
    """Count the devices whose status is not the status after their last transition.

    Considers the newest `rows` transitions. A single statement reads both tables at the same
    moment. CAST prevents that MAX - `rows` falls below 0 in an unsigned column, which is an error.
    """
    table, key, device = quoted(columns.table), quoted(columns.id), quoted(columns.device)
    sql = (
        f"SELECT COUNT(*) FROM {table} t JOIN (SELECT MAX({key}) AS newest FROM {table}"  # noqa: S608 - quoted
        f" WHERE {key} > (SELECT CAST(MAX({key}) AS SIGNED) - %s FROM {table}) GROUP BY {device}) n"
        f" ON t.{key} = n.newest JOIN {quoted(devices.table)} d ON d.{quoted(devices.id)} ="
        f" t.{device} WHERE d.{quoted(devices.status)} <> t.{quoted(columns.after)}"
    )
    return int(session.rows(sql, rows)[0][0])

"""The points `transitions` and `flapping`: transitions work, and no device flaps."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.operations.checklist.evidence import transitions
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Rate,
    Span,
    Verdict,
    by_level,
    by_rate,
    unknown_point,
    worst,
)
from cosmicdeploy.settings import DeviceColumns
from cosmicdeploy.text.formatting import counted, format_duration

POINT, FLAPPING = "transitions", "flapping"
# With fewer expected transitions, or within fewer seconds, it is no surprise that there are none.
EXPECTED, LONG_ENOUGH = 5, 3600.0
# Flapping devices that are named.
NAMED = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return the number of transitions, of those that do not follow from the one before (`broken`),
    of devices whose status is not that of their last transition (`astray`, None if unknown), and
    of flapping devices."""
    limit, astray = ctx.settings.monitoring.flapping, None
    if columns := ctx.settings.monitoring.transitions:
        with open_facts(ctx.database()) as facts:
            found = transitions.in_table(facts, columns, span)
            devices = ctx.settings.monitoring.devices
            if found.moves and devices and _is_there(facts, devices):
                astray = transitions.astray(facts.session, columns, devices, span.rows)
    else:
        found = transitions.in_logs(ctx, span)
    flap = transitions.flapping(found.moves, limit.more_than, limit.seconds, found.begins)
    return {
        "seconds": round(span.until - found.begins, 1),
        "transitions": sum(move.at >= found.begins for move in found.moves),
        "broken": transitions.broken(found.moves, found.begins),
        "astray": astray,
        "flapping": len(flap),
        "devices": flap[:NAMED],
    }


def _is_there(facts: Facts, devices: DeviceColumns) -> bool:
    return {devices.id, devices.status} <= set(facts.columns(devices.table))


def judge(evidence: Evidence) -> Point:
    """Return the point: worse if more transitions than before are broken, or none occur."""
    now, then = evidence.now["devices"], evidence.then("devices")
    if unknown := unknown_point(POINT, now):
        return unknown
    ratio = evidence.settings.checklist.ratio
    broken = Rate(now["broken"], now["transitions"])
    usual = Rate(then["broken"], then["transitions"]) if then else None
    stopped = not now["transitions"] and _expected(now, then) >= EXPECTED
    verdict = worst(
        [
            by_rate(broken, usual if usual and usual.of else Rate(0, 1), ratio, tolerance=0),
            by_level(now["astray"] or 0, (then or {}).get("astray") or 0, ratio=1, tolerance=0),
            *([Verdict.WORSE] if stopped else []),
        ]
    )
    none = not now["transitions"] and verdict is not Verdict.WORSE
    return Point(
        point=POINT,
        verdict=Verdict.UNKNOWN if none else verdict,
        found=_describe(now),
        was=_describe(then) if then else "",
        why="no device changed its status" if none else "",
        todo="see `cosmicdeploy monitor --only transitions,changes --since 1h`",
        now=_without_flapping(now),
        before=_without_flapping(then) if then else None,
    )


def judge_flapping(evidence: Evidence) -> Point:
    """Return the point: worse if devices flap that did not before."""
    now, then = evidence.now["devices"], evidence.then("devices")
    if unknown := unknown_point(FLAPPING, now):
        return unknown
    verdict = by_rate(
        Rate(now["flapping"], now["seconds"]),
        Rate(then["flapping"], then["seconds"]) if then and then["seconds"] else Rate(0, 1),
        evidence.settings.checklist.ratio,
        tolerance=0,
    )
    return Point(
        point=FLAPPING,
        verdict=verdict,
        found=_flaps(now),
        was=_flaps(then) if then else "",
        todo="see `cosmicdeploy monitor --only flapping,transitions --since 1h`",
        now={key: now[key] for key in ("flapping", "devices", "seconds")},
        before={key: then[key] for key in ("flapping", "seconds")} if then else None,
    )


def _expected(now: Figures, then: Figures | None) -> float:
    """Return how many transitions are expected by the baseline; 0 where that is unknown."""
    if not then or not then["seconds"] or now["seconds"] < LONG_ENOUGH:
        return 0.0
    return float(then["transitions"] / then["seconds"] * now["seconds"])


def _describe(figures: Figures) -> str:
    parts = [
        f"{counted(figures['transitions'], 'transition')} in {format_duration(figures['seconds'])}"
    ]
    if figures["broken"]:
        parts.append(f"{counted(figures['broken'], 'transition')} not going on from the one before")
    if figures["astray"]:
        parts.append(f"{counted(figures['astray'], 'device')} not in the status of the last one")
    well = figures["transitions"] and len(parts) == 1
    return "; ".join(parts) + (", each going on from the one before" if well else "")


def _flaps(figures: Figures) -> str:
    named = f" ({', '.join(figures['devices'])})" if figures["devices"] else ""
    time = format_duration(figures["seconds"])
    return f"{counted(figures['flapping'], 'device')} flapped in {time}{named}"


def _without_flapping(figures: Figures) -> Figures:
    return {key: figures[key] for key in ("transitions", "broken", "astray", "seconds")}

"""The points `transitions` and `flapping`: devices change their status as they should.

A transition is a change of a device's status. A device flaps if it has too many transitions in a
short time (`monitoring.flapping`).
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.operations.checklist.evidence import transitions
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Rate,
    Span,
    Verdict,
    compare_levels,
    compare_rates,
    unknown_point,
    worst,
)
from cosmicdeploy.settings import DeviceColumns
from cosmicdeploy.text.formatting import counted, format_duration

POINT, FLAPPING = "transitions", "flapping"
# With fewer expected transitions, or in fewer seconds, having none is no reason to worry.
MIN_EXPECTED, MIN_SECONDS = 5, 3600.0
# Number of flapping devices that are named.
MAX_NAMED = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Count the transitions, those that are wrong, and the devices that flap or are astray.

    `broken` is the number of transitions that do not begin at the status in which the device's
    previous transition ended. `astray` is the number of devices whose present status differs from
    the status after their last transition; None if unknown, or if there are no transitions.
    `devices` names some of the flapping devices.
    """
    limit, astray = ctx.settings.monitoring.flapping, None
    if columns := ctx.settings.monitoring.transitions:
        with open_facts(ctx.database()) as facts:
            history = transitions.from_table(facts, columns, span)
            devices = ctx.settings.monitoring.devices
            if history.transitions and devices and _has_columns(facts, devices):
                astray = transitions.count_astray(facts.session, columns, devices, span.rows)
    else:
        history = transitions.from_logs(ctx, span)
    flapping = transitions.flapping_devices(
        history.transitions, limit.more_than, limit.seconds, history.begins
    )
    return {
        "seconds": round(span.until - history.begins, 1),
        "transitions": sum(each.at >= history.begins for each in history.transitions),
        "broken": transitions.count_broken(history.transitions, history.begins),
        "astray": astray,
        "flapping": len(flapping),
        "devices": flapping[:MAX_NAMED],
    }


def _has_columns(facts: Facts, devices: DeviceColumns) -> bool:
    return {devices.id, devices.status} <= set(facts.columns(devices.table))


def judge(evidence: Evidence) -> Point:
    """Judge the point `transitions`.

    Worse if the share of broken transitions exceeds `checklist.ratio` times that of the baseline,
    if more devices are astray, or if there are no transitions although the baseline predicts at
    least `MIN_EXPECTED`. A baseline without a figure counts as one without broken transitions and
    without devices astray. If there are no transitions and the point is not worse, it is unknown.
    """
    now, before = evidence.now["devices"], evidence.in_baseline("devices")
    if unknown := unknown_point(POINT, now):
        return unknown
    ratio = evidence.settings.checklist.ratio
    broken = Rate(now["broken"], now["transitions"])
    usual = Rate(before["broken"], before["transitions"]) if before else None
    stopped = not now["transitions"] and _expected(now, before) >= MIN_EXPECTED
    verdict = worst(
        [
            compare_rates(
                broken, usual if usual and usual.base else Rate(0, 1), ratio, tolerance=0
            ),
            compare_levels(
                now["astray"] or 0, (before or {}).get("astray") or 0, ratio=1, tolerance=0
            ),
            *([Verdict.WORSE] if stopped else []),
        ]
    )
    is_unknown = not now["transitions"] and verdict is not Verdict.WORSE
    return Point(
        point=POINT,
        verdict=Verdict.UNKNOWN if is_unknown else verdict,
        found=_describe(now),
        was=_describe(before) if before else "",
        why="no device changed its status" if is_unknown else "",
        todo="see `cosmicdeploy monitor --only transitions,changes --since 1h`",
        now=_without_flapping(now),
        before=_without_flapping(before) if before else None,
    )


def judge_flapping(evidence: Evidence) -> Point:
    """Judge the point `flapping`: worse if more devices flap than in the baseline.

    The limit is `checklist.ratio` times the number in the baseline. It is higher if the evidence
    covers a longer time than the baseline. It is not lower for a shorter time: a device that always
    flaps counts as one device, in an hour as well as in a day. Without a baseline, the limit is 0.
    """
    now, before = evidence.now["devices"], evidence.in_baseline("devices")
    if unknown := unknown_point(FLAPPING, now):
        return unknown
    verdict = compare_rates(
        Rate(now["flapping"], max(now["seconds"], before["seconds"] if before else 0.0)),
        Rate(before["flapping"], before["seconds"]) if before and before["seconds"] else Rate(0, 1),
        evidence.settings.checklist.ratio,
        tolerance=0,
    )
    return Point(
        point=FLAPPING,
        verdict=verdict,
        found=_describe_flapping(now),
        was=_describe_flapping(before) if before else "",
        todo="see `cosmicdeploy monitor --only flapping,transitions --since 1h`",
        now={key: now[key] for key in ("flapping", "devices", "seconds")},
        before={key: before[key] for key in ("flapping", "seconds")} if before else None,
    )


def _expected(now: Figures, before: Figures | None) -> float:
    """Return how many transitions the baseline predicts; 0 if unknown or the time is too short."""
    if not before or not before["seconds"] or now["seconds"] < MIN_SECONDS:
        return 0.0
    return float(before["transitions"] / before["seconds"] * now["seconds"])


def _describe(figures: Figures) -> str:
    parts = [
        f"{counted(figures['transitions'], 'transition')} in {format_duration(figures['seconds'])}"
    ]
    if figures["broken"]:
        parts.append(
            f"{counted(figures['broken'], 'transition')} not continuing from the previous one"
        )
    if figures["astray"]:
        parts.append(
            f"{counted(figures['astray'], 'device')} not in the status after the last transition"
        )
    all_well = figures["transitions"] and len(parts) == 1
    return "; ".join(parts) + (", each continuing from the previous one" if all_well else "")


def _describe_flapping(figures: Figures) -> str:
    named = f" ({', '.join(figures['devices'])})" if figures["devices"] else ""
    time = format_duration(figures["seconds"])
    return f"{counted(figures['flapping'], 'device')} flapped in {time}{named}"


def _without_flapping(figures: Figures) -> Figures:
    return {key: figures[key] for key in ("transitions", "broken", "astray", "seconds")}

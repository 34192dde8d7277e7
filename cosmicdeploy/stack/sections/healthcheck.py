"""Read health checks."""

from __future__ import annotations

from cosmicdeploy.stack.model import Healthcheck
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import seconds

_KEYS = ("test", "interval", "timeout", "start_period", "start_interval", "retries", "disable")


def read_healthcheck(entry: ComposeValue | None) -> Healthcheck | None:
    """Read the `healthcheck` section; None without it, so that the image's own check applies."""
    if entry is None:
        return None
    fields = {key: item for key, item in entry.mapping(_KEYS).items() if item.data is not None}
    if "disable" in fields and fields["disable"].flag():
        return Healthcheck(test=("NONE",))
    return Healthcheck(
        test=_test(fields["test"]) if "test" in fields else (),
        interval=_seconds(fields.get("interval")),
        timeout=_seconds(fields.get("timeout")),
        start_period=_seconds(fields.get("start_period")),
        start_interval=_seconds(fields.get("start_interval")),
        retries=fields["retries"].integer() if "retries" in fields else None,
    )


def _test(entry: ComposeValue) -> tuple[str, ...]:
    if not isinstance(entry.data, list):
        return ("CMD-SHELL", entry.text())
    words = entry.texts()
    if words and words[0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise entry.error("must begin with CMD, CMD-SHELL or NONE", "put CMD before the command")
    if words[:1] == ("CMD-SHELL",) and len(words) != 2:
        raise entry.error("CMD-SHELL takes exactly one text", "use CMD for a list of words")
    return words


def _seconds(entry: ComposeValue | None) -> float | None:
    return None if entry is None else seconds(entry)

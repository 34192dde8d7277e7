"""Read health checks."""

from __future__ import annotations

from cosmicdeploy.stack.model import Healthcheck
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import seconds

_KEYS = ("test", "interval", "timeout", "start_period", "start_interval", "retries", "disable")


def read_healthcheck(entry: ComposeValue | None, scope: Scope) -> Healthcheck | None:
    """Read the `healthcheck` section; None without it, so that the image's own check applies.

    Notes in `scope.remarks` a test of which the engine runs only a part.
    """
    if entry is None:
        return None
    fields = {key: item for key, item in entry.mapping(_KEYS).items() if item.data is not None}
    if "disable" in fields and fields["disable"].flag():
        return Healthcheck(test=("NONE",))
    return Healthcheck(
        test=_test(fields["test"], scope) if "test" in fields else (),
        interval=_seconds(fields.get("interval")),
        timeout=_seconds(fields.get("timeout")),
        start_period=_seconds(fields.get("start_period")),
        start_interval=_seconds(fields.get("start_interval")),
        retries=fields["retries"].integer() if "retries" in fields else None,
    )


def _test(entry: ComposeValue, scope: Scope) -> tuple[str, ...]:
    if not isinstance(entry.data, list):
        return ("CMD-SHELL", entry.text())
    words = entry.texts()
    if words and words[0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise entry.error("must begin with CMD, CMD-SHELL or NONE", "put CMD before the command")
    if words == ("CMD-SHELL",):
        raise entry.error("CMD-SHELL has no command", "add the command as one text")
    if words[:1] == ("CMD-SHELL",) and len(words) > 2:
        scope.note(
            entry,
            f"has several texts after CMD-SHELL ({entry.where}), and the engine runs the first"
            " alone: the others are arguments of the shell",
            "write one text after CMD-SHELL, or CMD before a list of words",
        )
    return words


def _seconds(entry: ComposeValue | None) -> float | None:
    return None if entry is None else seconds(entry)

"""Whether a container's first process would take notice of being told to stop.

The kernel delivers to the first process of a container only signals that it has asked for. One that
did not (a shell that starts the application without `exec`) serves on until it is killed, and its
requests in flight with it.
"""

from __future__ import annotations

import signal

from cosmicdeploy.context import Context
from cosmicdeploy.errors import EngineError

STATUS = "/proc/1/status"
DEFAULT = "SIGTERM"


def ignores_stop(ctx: Context, service: str) -> bool:
    """Whether process 1 of the service's container would not notice its stop signal.

    Raises `EngineError` where the container does not run or cannot be asked.
    """
    container = ctx.running(service)
    wanted = ctx.service(service).stop_signal or container.stop_signal or DEFAULT
    result = ctx.engine.exec(container.id, ["cat", STATUS])
    masks = _masks(result.text)
    if "SigCgt" not in masks:
        raise EngineError(
            "It cannot be seen which signals a container's first process takes",
            where=f"{container.name}: {STATUS}",
            todo="let its image have the program `cat`",
            details=result.error_text.splitlines(),
        )
    # Who blocks a signal fetches it when it suits them, as `docker-init` does.
    noticed = masks["SigCgt"] | masks.get("SigBlk", 0)
    return not noticed >> (number(wanted) - 1) & 1


def number(name: str) -> int:
    """A signal by name or number, with or without SIG, `RTMIN+n` too; raises `EngineError`."""
    base, _, more = name.upper().removeprefix("SIG").partition("+")
    try:
        return (int(base) if base.isdigit() else signal.Signals[f"SIG{base}"]) + int(more or 0)
    except (KeyError, ValueError):
        raise EngineError(
            f"There is no signal {name!r}", todo="correct `stop_signal` in the compose file"
        ) from None


def _masks(text: str) -> dict[str, int]:
    pairs = (line.partition(":") for line in text.splitlines() if line.startswith("Sig"))
    return {key: int(value, 16) for key, _, value in pairs if "/" not in value}

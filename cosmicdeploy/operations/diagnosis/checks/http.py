"""Whether replicas and load balancer answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineUnavailable
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import restart, restart_or_make_anew
from cosmicdeploy.probes.http import OK, Response, ask, ask_with_retries
from cosmicdeploy.probes.readiness import PROBE_SILENCE
from cosmicdeploy.probes.urls import container_url, proxy_url

ANSWERS, PROXY = "answers", "through the proxy"


def answers(ctx: Context) -> Iterator[Finding]:
    """Whether each replica answers its health path, and its own check passes inside."""
    well, path = [], ctx.settings.app.health_path
    for name in ctx.settings.services.app:
        found = ctx.container(name)
        if found is None or not found.is_running:
            continue
        inside = _inside(ctx, found)
        # One that is known to be ill need not be asked three times.
        outside = _outside(ctx, found, path, ask if inside else ask_with_retries)
        if not outside and not inside:
            well.append(name)
            continue
        told = "; ".join(text for text in (outside, inside) if text)
        yield problem(
            ANSWERS,
            f"{name}: {told}",
            f"cosmicdeploy restart {name}",
            remedies=restart_or_make_anew(ctx, name),
        )
    if well:
        yield ok(ANSWERS, f"200 from {path} of {', '.join(well)}")


def _outside(
    ctx: Context, found: Container, path: str, asking: Callable[[str], Response] = ask_with_retries
) -> str:
    """What is wrong with its answer to us; "" where nothing is."""
    answer = asking(container_url(ctx, found) + path)
    return "" if answer.status == OK else str(answer)


def _inside(ctx: Context, found: Container) -> str:
    """What its own health check says within it; "" where it passes, or there is none."""
    if not found.healthcheck:
        return ""
    try:
        result = ctx.engine.exec(found.id, found.healthcheck, silence=PROBE_SILENCE)
    except EngineUnavailable:
        raise
    except CosmicError as error:
        return f"its health check within it: {error.what}"
    said = (result.error_text or result.text).strip().splitlines()[-1:]
    code = result.exit_code
    return f"its health check within it ends with {code}: {''.join(said)}" if code else ""


def through_the_proxy(ctx: Context) -> Iterator[Finding]:
    """Whether clients get an answer."""
    name = ctx.settings.services.proxy
    if name is None:
        yield ok(PROXY, "services.proxy is not configured")
        return
    answer = ask_with_retries(proxy_url(ctx) + ctx.settings.app.health_path)
    if answer.status == OK:
        yield ok(PROXY, f"200 from {answer.url} in {answer.seconds * 1000:.0f} ms")
        return
    yield problem(
        PROXY, str(answer), "cosmicdeploy verify --only proxy", remedies=_of_proxy(ctx, name)
    )


def _of_proxy(ctx: Context, name: str) -> Sequence[Remedy]:
    """It is at fault itself only where the replicas answer."""
    path = ctx.settings.app.health_path
    found = [ctx.container(each) for each in ctx.settings.services.app]
    serving = any(c is not None and c.is_running and not _outside(ctx, c, path) for c in found)
    proxy = ctx.container(name)
    return [restart(ctx, name)] if serving and proxy is not None and proxy.is_running else []

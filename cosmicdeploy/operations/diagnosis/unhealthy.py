"""Containers are unhealthy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import CosmicError, EngineUnavailable
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    Remedy,
    Trouble,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.restart import wanted
from cosmicdeploy.probes.http import OK, ask_again
from cosmicdeploy.probes.places import container_url, proxy_url
from cosmicdeploy.probes.readiness import PROBE_SILENCE, serves_now
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.restart import RestartStep
from cosmicdeploy.steps.services import ServicesStep

CONTAINERS, ANSWERS, PROXY = "containers", "answers", "through the proxy"
LINES = 10
# A container that the engine restarted and that is up for less than so many seconds is in a loop.
LOOP_SECONDS = 60
# What a shell and the engine say of a process that was killed.
KILLED = 137


def containers(ctx: Context) -> Iterator[Finding]:
    """Health, last probe, restarts, memory and exit code of each container."""
    names = ctx.settings.services.all
    away = [name for name in names if not _runs(ctx.container(name))]
    well = []
    for name in names:
        found = ctx.container(name)
        if found is None:
            yield problem(CONTAINERS, f"{name} has no container", UP, remedies=_start(ctx, away))
        elif not found.running:
            yield _stopped(ctx, name, found, away)
        elif ill := _ill(ctx, found):
            yield _sick(ctx, name, found, ill)
        else:
            well.append(name)
            if found.restart_count:
                told = f"{name} was restarted by the engine {found.restart_count} times"
                yield warning(CONTAINERS, told, f"cosmicdeploy logs {name}")
    if well:
        yield ok(CONTAINERS, f"{len(well)} of {len(names)} run and are healthy")


UP = "cosmicdeploy up"


def _runs(found: Container | None) -> bool:
    return found is not None and found.running


def _start(ctx: Context, away: Sequence[str]) -> Sequence[Remedy]:
    """All that is away at once: what the others need first, and the proxy, which may know them by
    name, last."""
    steps: Sequence[Step] = (
        RecoverStep(name="recover"),
        ServicesStep(name="services", roles=("database", "cache")),
        RestartStep(name="start", missing_only=True),
        ServicesStep(name="proxy", roles=("proxy",)),
    )
    return [Remedy(says=f"start {', '.join(away)}", command="up", steps=steps)]


def _stopped(ctx: Context, name: str, found: Container, away: Sequence[str]) -> Finding:
    how = f"exit code {found.exit_code}"
    if found.oom_killed:
        how += ", out of memory"
    elif found.exit_code == KILLED:
        how += ", killed"
    details = ctx.engine.logs(found.id, tail=LINES)
    return problem(
        CONTAINERS,
        f"{name} is {found.status} ({how})",
        UP,
        details=details,
        remedies=_start(ctx, away),
    )


def _ill(ctx: Context, found: Container) -> str:
    if found.restart_count and _seconds_up(found) < LOOP_SECONDS:
        return f"ends again and again: restarted {found.restart_count} times"
    if found.health == "unhealthy":
        return "is unhealthy"
    return "" if serves_now(ctx, found) else f"is {found.health or found.status}"


def _seconds_up(found: Container) -> float:
    started = datetime.fromisoformat(found.started_at[:19]).replace(tzinfo=UTC)
    return (datetime.now(UTC) - started).total_seconds()


def _sick(ctx: Context, name: str, found: Container, ill: str) -> Finding:
    memory = ", and ran out of memory" if found.oom_killed else ""
    probe = [f"last probe: {found.last_probe}"] if found.last_probe else []
    return problem(
        CONTAINERS,
        f"{name} {ill}{memory}",
        f"cosmicdeploy restart {name}",
        details=[*probe, *ctx.engine.logs(found.id, tail=LINES)],
        remedies=_restart(ctx, name),
    )


def _restart(ctx: Context, name: str) -> Sequence[Remedy]:
    chosen = wanted(ctx, [name], every=False)
    cost = f"; {chosen.cost}" if chosen.cost else ""
    return [
        Remedy(
            says=f"restart {name} by a roll: the same container{cost}",
            command=chosen.command,
            steps=chosen.steps,
        )
    ]


def answers(ctx: Context) -> Iterator[Finding]:
    """Whether each replica answers its health path, and its own check passes inside."""
    well, path = [], ctx.settings.app.health_path
    for name in ctx.settings.services.app:
        found = ctx.container(name)
        if found is None or not found.running:
            continue
        outside, inside = _outside(ctx, found, path), _inside(ctx, found)
        if not outside and not inside:
            well.append(name)
            continue
        told = "; ".join(text for text in (outside, inside) if text)
        yield problem(
            ANSWERS,
            f"{name}: {told}",
            f"cosmicdeploy restart {name}",
            remedies=_restart(ctx, name),
        )
    if well:
        yield ok(ANSWERS, f"200 from {path} of {', '.join(well)}")


def _outside(ctx: Context, found: Container, path: str) -> str:
    """What is wrong with its answer to us; "" where nothing is."""
    answer = ask_again(container_url(ctx, found) + path)
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
    answer = ask_again(proxy_url(ctx) + ctx.settings.app.health_path)
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
    serving = any(c is not None and c.running and not _outside(ctx, c, path) for c in found)
    return _restart(ctx, name) if serving and _runs(ctx.container(name)) else []


TROUBLE = Trouble(
    name="unhealthy",
    about="containers are unhealthy",
    checks={CONTAINERS: containers, ANSWERS: answers, PROXY: through_the_proxy},
)

"""Check that the engine answers, knows the stack's keys, and lets the deployer reach containers."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.protocol.info import EngineInfo
from cosmicdeploy.errors import EngineError, Refused
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, flaw_of
from cosmicdeploy.probes import cache

NOTHING_WORKS = "no command works without the engine"
REFUSED = "it would be refused"
UNREACHED = "it could not check what it replaces"


def engine(ctx: Context) -> Outcome:
    """Check the engine, and what this user may do with it."""
    try:
        info = ctx.engine.info()
    except EngineError as error:  # also if a proxy in front of the engine forbids the request
        return Outcome(flaws=(flaw_of(error, "deploy", NOTHING_WORKS),))
    flaws = [*_unknown_keys(ctx), *_unreachable(ctx, info)]
    return Outcome(found=info.description, flaws=tuple(flaws))


def _unknown_keys(ctx: Context) -> Iterator[Flaw]:
    """Yield a flaw for each service with a key that the engine is too old to know."""
    services = ctx.settings.services
    for name in (*services.all, *services.one_shot):
        try:
            ctx.engine.require_supported(ctx.service(name))
        except Refused as error:
            yield flaw_of(error, "deploy", REFUSED)


def _unreachable(ctx: Context, info: EngineInfo) -> Iterator[Flaw]:
    """Yield a flaw if the deployer needs ports that their services do not publish."""
    if info.reaches_containers:
        return
    missing = {name: port for name, port in _needed(ctx) if not _is_published(ctx, name, port)}
    if missing:
        where = "on another host" if not info.is_local else "rootless, or in a virtual machine"
        at = "127.0.0.1" if info.is_local else "ADDRESS-OF-THAT-HOST"
        yield Flaw(
            stake="deploy",
            loses=UNREACHED,
            why=f"the engine at {info.address} is {where}: of its containers only published ports"
            f" can be reached, and {', '.join(missing)} do not publish theirs",
            todo="publish them in the compose file, on ports that the engine chooses",
            lines=tuple(
                f'{name}: {{ports: ["{at}::{port}"]}}' for name, port in _by_service(ctx, missing)
            ),
        )


def _needed(ctx: Context) -> Iterator[tuple[str, int]]:
    """Yield the services and ports that the deployer connects to."""
    settings = ctx.settings
    for application in settings.all_applications:
        if application.is_http or application.protocol == "fastcgi":
            yield from ((name, application.port) for name in application.services)
    if settings.database and settings.services.database:
        yield settings.services.database, settings.database.port
    if settings.services.cache:
        yield settings.services.cache, cache.PORT


def _is_published(ctx: Context, name: str, port: int) -> bool:
    service = ctx.service(name)
    return service.network_mode == "host" or any(each.target == port for each in service.ports)


def _by_service(ctx: Context, missing: dict[str, int]) -> list[tuple[str, int]]:
    """Return the services of the compose file and their ports; replicas of a service count once."""
    return list({ctx.service(name).compose_name: port for name, port in missing.items()}.items())


CHECK = Check(name="engine", about="the engine answers, and the deployer may use it", run=engine)

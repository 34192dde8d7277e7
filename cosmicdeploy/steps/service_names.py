"""Find services by the words of an operator: a service, its container, or a role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UsageError
from cosmicdeploy.settings import Role, Support
from cosmicdeploy.steps.refusing import refusing
from cosmicdeploy.text.suggest import did_you_mean

ROLES: Sequence[Role | Support] = ("app", "scheduler", "worker", "database", "cache", "proxy")


def services_named(ctx: Context, words: Iterable[str]) -> list[str]:
    """Return the services that these words name, each once, in that order.

    Raises `UsageError` for a word that names none.
    """
    known = _known(ctx)
    names = [name for word in words for name in _services_of(word, known)]
    return list(dict.fromkeys(names))


def wanted_services(ctx: Context, words: Iterable[str], at: str) -> list[str]:
    """As `services_named`, for the check of the step at this place: raises `Refused`."""
    with refusing(UsageError, at):
        return services_named(ctx, words)


def running_named(ctx: Context, word: str) -> tuple[str, Container]:
    """Return the first running service of this word, and its container.

    Raises `UsageError` for an unknown word, `EngineError` if none runs.
    """
    names = services_named(ctx, [word])
    for name in names:
        container = ctx.container(name)
        if container is not None and container.is_running:
            return name, container
    return names[0], ctx.running(names[0])


def _known(ctx: Context) -> Mapping[str, Sequence[str]]:
    """Return word → services. A service's name wins over a role, and a role over a container."""
    services = ctx.stack.services
    containers = {service.container_name: [name] for name, service in services.items()}
    roles: Mapping[str, Sequence[str]] = {r: ctx.settings.services.of([r]) for r in ROLES}
    return {**containers, **roles, **{name: [name] for name in services}}


def _services_of(word: str, known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    services = known.get(word)
    if services:
        return services
    names = [name for name, named in known.items() if list(named) == [name]]
    if services is None:
        what, todo = f"There is no service {word!r}", did_you_mean(word, [*names, *ROLES])
    else:
        what, todo = f"No service of this stack has the role {word!r}", ""
    raise UsageError(
        what,
        where="the compose file, `services` of cosmicdeploy.yaml",
        todo=todo or f"name one of {', '.join(names)}, or one of the roles {', '.join(ROLES)}",
    )

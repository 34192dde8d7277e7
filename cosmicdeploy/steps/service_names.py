"""Services as people name them: by their name in the compose file, their container's, or a role."""

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
    """The services that these words mean, each once, in that order.

    Raises `UsageError` for a word that means none.
    """
    known = _known(ctx)
    found = [name for word in words for name in _meant(word, known)]
    return list(dict.fromkeys(found))


def wanted_services(ctx: Context, words: Iterable[str], at: str) -> list[str]:
    """As `services_named`, for the check of a step that is written there: raises `Refused`."""
    with refusing(UsageError, at):
        return services_named(ctx, words)


def running_named(ctx: Context, word: str) -> tuple[str, Container]:
    """The first service of this word that runs, and its container.

    Raises `UsageError` for an unknown word, `EngineError` where none runs.
    """
    names = services_named(ctx, [word])
    for name in names:
        found = ctx.container(name)
        if found is not None and found.is_running:
            return name, found
    return names[0], ctx.running(names[0])


def _known(ctx: Context) -> Mapping[str, Sequence[str]]:
    """Word → services. A service's own name goes before a role's, and that before a container's."""
    services = ctx.stack.services
    containers = {service.container_name: [name] for name, service in services.items()}
    roles: Mapping[str, Sequence[str]] = {r: ctx.settings.services.of([r]) for r in ROLES}
    return {**containers, **roles, **{name: [name] for name in services}}


def _meant(word: str, known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    found = known.get(word)
    if found:
        return found
    names = [name for name, meant in known.items() if list(meant) == [name]]
    if found is None:
        what, todo = f"There is no service {word!r}", did_you_mean(word, [*names, *ROLES])
    else:
        what, todo = f"No service of this stack plays the part {word!r}", ""
    raise UsageError(
        what,
        where="the compose file, `services` of cosmicdeploy.yaml",
        todo=todo or f"name one of {', '.join(names)}, or one of the roles {', '.join(ROLES)}",
    )

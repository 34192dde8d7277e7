"""Find services by a name that an operator uses: of a service, container, application or role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UsageError
from cosmicdeploy.settings import Role, Support
from cosmicdeploy.stack.replicas import replicas_by_service
from cosmicdeploy.steps.refusing import refusing
from cosmicdeploy.text.suggest import did_you_mean

ROLES: Sequence[Role | Support] = (
    "app",
    "scheduler",
    "worker",
    "other",
    "database",
    "cache",
    "proxy",
    "stateful",
)


def services_named(ctx: Context, words: Iterable[str]) -> list[str]:
    """Return the services that these words name, each once, in the order of the words.

    Raises `UsageError` for a word that names no service.
    """
    known = _services_by_word(ctx)
    names = [name for word in words for name in _services_of(word, known)]
    return list(dict.fromkeys(names))


def services_of_step(ctx: Context, words: Iterable[str], at: str) -> list[str]:
    """Return the services that an option of a step names, each once.

    `at` is the step's place in its playbook. Raises `Refused`, with that place, for a word that
    names no service.
    """
    with refusing(UsageError, at):
        return services_named(ctx, words)


def running_named(ctx: Context, word: str) -> tuple[str, Container]:
    """Return the first running service that the word names, and its container.

    Raises `UsageError` if the word names no service, `EngineError` if none of its services runs.
    """
    names = services_named(ctx, [word])
    for name in names:
        container = ctx.container(name)
        if container is not None and container.is_running:
            return name, container
    return names[0], ctx.running(names[0])


def _services_by_word(ctx: Context) -> Mapping[str, Sequence[str]]:
    """Return the services that each word names.

    A word may have several meanings. The first of these applies: a service, an application, a role,
    a container. The name of a service with several replicas names all of them.
    """
    services = ctx.stack.services
    containers = {service.container_name: [name] for name, service in services.items()}
    roles: Mapping[str, Sequence[str]] = {r: ctx.settings.services.of([r]) for r in ROLES}
    # An application with the name of a role is left out: its only service has the same name, so the
    # word names that service anyway.
    applications = {
        each.name: each.services for each in ctx.settings.all_applications if each.name not in roles
    }
    replicas = replicas_by_service(services.values())
    names = {name: [name] for name in services}
    # For a word with several meanings, the last mapping that has it wins.
    return {**containers, **roles, **applications, **replicas, **names}


def _services_of(word: str, known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the services that a word names; raises `UsageError` if it names none."""
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

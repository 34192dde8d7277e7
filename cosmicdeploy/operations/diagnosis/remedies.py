"""Create the remedies that the checks offer, mostly from the steps of other commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.sessions.process_list import Process
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.operations.diagnosis.checks.database.session_owner import Owners
from cosmicdeploy.operations.diagnosis.finding import Remedy
from cosmicdeploy.operations.restart import plan_restart
from cosmicdeploy.settings import Role
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.commands.console import ConsoleStep
from cosmicdeploy.steps.containers.services import ServicesStep
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.steps.schema.end_sessions import EndSessionsStep, Target
from cosmicdeploy.steps.schema.mark_migrated import MarkMigratedStep

# The command name in the journal and the lock for remedies that no other command can apply.
DIAGNOSE_FIX = "diagnose --fix"
DEPLOY = Remedy(
    description="deploy: backup, pending migrations, rollout; undone if one of them fails",
    command="deploy",
    kind=RunKind.DEPLOY,
    playbook="deploy",
)
RESOLVE = Remedy(
    description="let deploys continue from this schema: say yes only if you have repaired it",
    command="migrate --resolve",
    resolves_schema=True,
)


def mark_migrated(names: Sequence[str]) -> Remedy:
    """Return the remedy for migrations that are in the schema but not marked as run."""
    step = MarkMigratedStep(name="mark migrated", migrations=tuple(names))
    return Remedy(
        description=f"mark {', '.join(names)} as run", command=DIAGNOSE_FIX, steps=(step,)
    )


def restart(ctx: Context, name: str) -> Remedy:
    """Return the remedy that restarts a service's container, and says what clients will notice."""
    plan = plan_restart(ctx, [name], all_services=False)
    cost = f"; {plan.cost}" if plan.cost else ""
    return Remedy(
        description=f"restart the container of {name} in place{cost}",
        command=plan.command.line,
        kind=plan.command.kind,
        steps=plan.steps,
    )


def restart_or_replace(ctx: Context, name: str) -> Sequence[Remedy]:
    """Return the remedies for a service's container: restart it; if that does not help, replace it.

    Only the application's containers are replaced, and only if they run the release's image:
    otherwise a replacement would put another image in place.
    """
    container, image = ctx.container(name), ctx.image_of(name)
    is_current = container is not None and image is not None and container.image_id == image.id
    is_released = name in ctx.settings.services.released
    return [restart(ctx, name), *([replace([name])] if is_current and is_released else [])]


def start_all(containers: Mapping[str, Container | None]) -> Remedy:
    """Return the remedy that starts all stopped services, and lets the paused ones continue.

    `containers` maps these services to their containers, None for a service without a container.
    The remedy's description lists the services. Database and cache start first. The proxy starts
    last, because nginx must be able to resolve the replicas' names when it starts.
    """
    steps: Sequence[Step] = (
        RecoverStep(name="recover"),
        ServicesStep(name="services", roles=("database", "cache", "stateful")),
        RolloutStep(name="start", missing_only=True),
        ServicesStep(name="proxy", roles=("proxy",)),
    )
    paused = [name for name, each in containers.items() if each is not None and each.is_paused]
    stopped = [name for name in containers if name not in paused]
    parts = [
        f"start {', '.join(stopped)}" if stopped else "",
        f"let {', '.join(paused)} continue (`docker unpause`)" if paused else "",
    ]
    description = "; ".join(filter(None, parts))
    return Remedy(description=description, command="up", kind=RunKind.UP, steps=steps)


def start(name: str, role: Role) -> Remedy:
    """Return the remedy that starts a service, and other stopped or paused ones of its role."""
    steps = (
        RecoverStep(name="recover"),
        RolloutStep(name="start", roles=(role,), missing_only=True),
    )
    return Remedy(description=f"start {name}", command="up", kind=RunKind.UP, steps=steps)


def clear_caches(ctx: Context, names: Sequence[str]) -> Sequence[Remedy]:
    """Return the remedy that clears the application's caches in these services' containers.

    Returns no remedy if `cache_clear.commands` is empty.
    """
    commands = ctx.settings.cache_clear.commands
    if not commands:
        return ()
    steps = tuple(
        ConsoleStep(name=f"{command} in {name}", run=(command,), service=name)
        for name in names
        for command in commands
    )
    description = f"run {', '.join(commands)} in {', '.join(names)}"
    return (Remedy(description=description, command=DIAGNOSE_FIX, steps=steps),)


def replace(names: Sequence[str]) -> Remedy:
    """Return the remedy that replaces these services' containers by new ones of the same image.

    Unlike a restart, this discards files that were changed in the containers.
    """
    steps = (RecoverStep(name="recover"), RolloutStep(name="replace", anew=tuple(names)))
    description = f"replace the containers of {', '.join(names)} by new ones of the same image"
    return Remedy(description=description, command=DIAGNOSE_FIX, steps=steps)


def end_sessions(
    owners: Owners, sessions: Sequence[Process], *, statement_only: bool
) -> Sequence[Remedy]:
    """Return the remedy that ends these database sessions, or only their statements.

    Returns no remedy if there is no session. Also returns none if a session belongs to the database
    server itself, to a database replica or to a backup (`Process.protection`): only a person may
    decide to end such a session.
    """
    if not sessions or any(session.protection for session in sessions):
        return ()
    what = "end the statement of" if statement_only else "end"
    step = EndSessionsStep(
        name="end sessions",
        sessions=tuple(_target(owners, session) for session in sessions),
        statement_only=statement_only,
    )
    description = f"{what} {', '.join(owners.describe(session) for session in sessions)}"
    return (Remedy(description=description, command=DIAGNOSE_FIX, steps=(step,)),)


def _target(owners: Owners, session: Process) -> Target:
    return Target(
        id=session.id,
        user=session.user,
        host=session.host,
        seconds=session.seconds,
        told=owners.describe(session),
    )

"""Remedies that more than one trouble uses; their steps are those of other commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.database.sessions.process_list import Process
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.operations.diagnosis.checks.session_owner import Owners
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

# The command that the journal and the lock name for a remedy that no other command applies.
OWN = "diagnose --fix"
DEPLOY = Remedy(
    says="deploy: backup, pending migrations, rollout; undone if one of them fails",
    command="deploy",
    kind=RunKind.DEPLOY,
    playbook="deploy",
)
RESOLVE = Remedy(
    says="deploy again from the schema as it is now: say yes only if you have repaired it",
    command="migrate --resolve",
    resolves=True,
)


def mark_migrated(names: Sequence[str]) -> Remedy:
    """Return the remedy for migrations that are complete and only lack their row."""
    step = MarkMigratedStep(name="mark migrated", migrations=tuple(names))
    return Remedy(says=f"mark {', '.join(names)} as run", command=OWN, steps=(step,))


def restart(ctx: Context, name: str) -> Remedy:
    """Return the remedy that restarts a service's container; it names what clients will notice."""
    planned = plan_restart(ctx, [name], every=False)
    cost = f"; {planned.cost}" if planned.cost else ""
    return Remedy(
        says=f"restart the container of {name} in place{cost}",
        command=planned.command.line,
        kind=planned.command.kind,
        steps=planned.steps,
    )


def restart_or_replace(ctx: Context, name: str) -> Sequence[Remedy]:
    """Return the remedies for a service's container: restart it, then replace it.

    Only a container of the application that runs its release's image is replaced.
    """
    container, image = ctx.container(name), ctx.image_of(name)
    is_current = container is not None and image is not None and container.image_id == image.id
    is_released = name in ctx.settings.services.released
    return [restart(ctx, name), *([replace([name])] if is_current and is_released else [])]


def start_all(names: Iterable[str]) -> Remedy:
    """Return the remedy that starts all stopped services.

    Database and cache start first, the proxy last: nginx may know the replicas by name, which must
    resolve when it starts.
    """
    steps: Sequence[Step] = (
        RecoverStep(name="recover"),
        ServicesStep(name="services", roles=("database", "cache")),
        RolloutStep(name="start", missing_only=True),
        ServicesStep(name="proxy", roles=("proxy",)),
    )
    return Remedy(says=f"start {', '.join(names)}", command="up", kind=RunKind.UP, steps=steps)


def start(name: str, role: Role) -> Remedy:
    """Return the remedy that starts a stopped service and the other ones of its role."""
    steps = (
        RecoverStep(name="recover"),
        RolloutStep(name="start", roles=(role,), missing_only=True),
    )
    return Remedy(says=f"start {name}", command="up", kind=RunKind.UP, steps=steps)


def clear_caches(ctx: Context, names: Sequence[str]) -> Sequence[Remedy]:
    """Return the remedy that clears the application's caches in the containers of these services.

    None where `cache_clear.commands` is empty.
    """
    commands = ctx.settings.cache_clear.commands
    if not commands:
        return ()
    steps = tuple(
        ConsoleStep(name=f"{command} in {name}", run=(command,), service=name)
        for name in names
        for command in commands
    )
    says = f"run {', '.join(commands)} in {', '.join(names)}"
    return (Remedy(says=says, command=OWN, steps=steps),)


def replace(names: Sequence[str]) -> Remedy:
    """Return the remedy that replaces containers by new ones of the same image.

    A restart would keep the files that were changed in them.
    """
    steps = (RecoverStep(name="recover"), RolloutStep(name="replace", anew=tuple(names)))
    says = f"replace the containers of {', '.join(names)} by new ones of the same image"
    return Remedy(says=says, command=OWN, steps=steps)


def end(owners: Owners, found: Sequence[Process], *, statement_only: bool) -> Sequence[Remedy]:
    """Return the remedy that ends these database sessions, or only their statements.

    None where there is no session, or where one is protected: a person has to decide on that.
    """
    if not found or any(session.protection for session in found):
        return ()
    what = "end the statement of" if statement_only else "end"
    step = EndSessionsStep(
        name="end sessions",
        sessions=tuple(_target(owners, session) for session in found),
        statement_only=statement_only,
    )
    says = f"{what} {', '.join(owners.describe(session) for session in found)}"
    return (Remedy(says=says, command=OWN, steps=(step,)),)


def _target(owners: Owners, session: Process) -> Target:
    return Target(
        id=session.id,
        user=session.user,
        host=session.host,
        seconds=session.seconds,
        told=owners.describe(session),
    )

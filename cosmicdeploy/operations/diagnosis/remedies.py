"""What helps against more than one trouble. Each is steps that another command has as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.database.sessions.process_list import Process
from cosmicdeploy.operations.diagnosis.checks.session_owner import Owners
from cosmicdeploy.operations.diagnosis.finding import Remedy
from cosmicdeploy.operations.restart import wanted
from cosmicdeploy.settings import Role
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.commands.console import ConsoleStep
from cosmicdeploy.steps.containers.services import ServicesStep
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.steps.schema.end_sessions import EndSessionsStep, Target
from cosmicdeploy.steps.schema.mark_migrated import MarkMigratedStep

# What the journal and the lock call a run that no other command would make.
OWN = "diagnose --fix"
DEPLOY = Remedy(
    says="deploy: backup, pending migrations, roll, all undone where one of them fails",
    command="deploy",
    playbook="deploy",
)
RESOLVE = Remedy(
    says="deploy again from the schema as it is now: say yes only where you have mended it",
    command="migrate --resolve",
    resolves=True,
)


def note(names: Sequence[str]) -> Remedy:
    """Migrations that are whole, and that only their row is missing of."""
    step = MarkMigratedStep(name="note migrations", migrations=tuple(names))
    return Remedy(says=f"note {', '.join(names)} as run", command=OWN, steps=(step,))


def restart(ctx: Context, name: str) -> Remedy:
    """The same container anew, by a roll; what clients will notice of it is said."""
    chosen = wanted(ctx, [name], every=False)
    cost = f"; {chosen.cost}" if chosen.cost else ""
    return Remedy(
        says=f"restart {name} by a roll: the same container{cost}",
        command=chosen.command,
        steps=chosen.steps,
    )


def restart_or_make_anew(ctx: Context, name: str) -> Sequence[Remedy]:
    """Restart it; where that does not help, one of the application's is made anew, if its release's
    image is what it runs."""
    found, image = ctx.container(name), ctx.image_of(name)
    same = found is not None and image is not None and found.image_id == image.id
    anew = [make_anew([name])] if same and name in ctx.settings.services.released else []
    return [restart(ctx, name), *anew]


def start_all(names: Iterable[str]) -> Remedy:
    """All that is away: first what the others need, last the proxy, which may know them by name."""
    steps: Sequence[Step] = (
        RecoverStep(name="recover"),
        ServicesStep(name="services", roles=("database", "cache")),
        RolloutStep(name="start", missing_only=True),
        ServicesStep(name="proxy", roles=("proxy",)),
    )
    return Remedy(says=f"start {', '.join(names)}", command="up", steps=steps)


def start(name: str, role: Role) -> Remedy:
    """One service that does not run, and those of its role."""
    steps = (
        RecoverStep(name="recover"),
        RolloutStep(name="start", roles=(role,), missing_only=True),
    )
    return Remedy(says=f"start {name}", command="up", steps=steps)


def clear_caches(ctx: Context, names: Sequence[str]) -> Sequence[Remedy]:
    """In these containers; none where no command is configured for it."""
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


def make_anew(names: Sequence[str]) -> Remedy:
    """From the image that runs already: a restart would keep what was changed in the containers."""
    steps = (RecoverStep(name="recover"), RolloutStep(name="make anew", anew=tuple(names)))
    says = f"make {', '.join(names)} anew from the release's image, by a roll"
    return Remedy(says=says, command=OWN, steps=steps)


def end(owners: Owners, found: Sequence[Process], *, statement_only: bool) -> Sequence[Remedy]:
    """End these sessions; nothing where there are none, or where a person has to decide on one."""
    if not found or any(session.protection for session in found):
        return ()
    what = "end the statement of" if statement_only else "end"
    step = EndSessionsStep(
        name="end sessions",
        sessions=tuple(_target(owners, session) for session in found),
        statement_only=statement_only,
    )
    says = f"{what} {', '.join(owners.told(session) for session in found)}"
    return (Remedy(says=says, command=OWN, steps=(step,)),)


def _target(owners: Owners, session: Process) -> Target:
    return Target(
        id=session.id,
        user=session.user,
        host=session.host,
        seconds=session.seconds,
        told=owners.told(session),
    )

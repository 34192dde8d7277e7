"""The step `health`: check that the stack works well enough to be changed."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.engine.containers.names import is_temporary
from cosmicdeploy.errors import EngineError, ProbeFailed, Refused
from cosmicdeploy.probes.cache import open_cache
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, proxy_is_stopped
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.steps.base import Change, Step, Unchanged
from cosmicdeploy.steps.containers.orphan_containers import is_asked_to_remove
from cosmicdeploy.text.formatting import counted
from cosmicdeploy.verification.orphans import removable_orphans, second_schedulers


class HealthStep(Step):
    """Check that containers are healthy, and that database and cache answer.

    A second running scheduler is refused. Services that did not work when the run began are only
    reported, since the deploy may fix them. The database and the cache, if any, must always answer.
    A rollback repairs a stack that fails, so its playbook checks only the database (`of:
    [database]`).
    """

    kind: ClassVar[str] = "health"
    only_checks: ClassVar[bool] = True

    of: tuple[Literal["containers", "database", "cache"], ...] = Field(
        default=("containers", "database", "cache"), description="What to check."
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        results = []
        if "containers" in self.of:
            results.append(_containers(ctx))
        if "database" in self.of:
            results.append(require_database(ctx))
        if "cache" in self.of and ctx.settings.services.cache:
            results.append(require_cache(ctx, ctx.settings.services.cache))
        known = ctx.run.known_failures
        facts = {"known_failures": known.as_json()} if known and "containers" in self.of else {}
        return Unchanged(reason="; ".join(results), facts=facts)


def _containers(ctx: Context) -> str:
    """Check that the containers are healthy, except those of excused services; describe them.

    Excused are services that did not work before the run or that the run creates, and a proxy that
    the run has stopped. Raises `CosmicError` for any other container that does not become healthy,
    and `Refused` if a second scheduler runs.
    """
    stopped_proxy = ctx.settings.services.proxy if proxy_is_stopped(ctx) else None
    excused = {*ctx.run.known_failures.services, *ctx.run.known_failures.new, stopped_proxy}
    required = [name for name in ctx.settings.services.all if name not in excused]
    for name in required:
        container = ctx.running(name)
        if not container.is_ready:
            wait_ready(ctx, container.id, name)
    _require_one_scheduler(ctx)
    summary = f"{counted(len(required), 'container')} healthy"
    if new := [name for name in ctx.run.known_failures.new if ctx.is_new(name)]:
        summary += f", {', '.join(new)} created by this run"
    if stopped_proxy:
        summary += f", {stopped_proxy} stopped: {UNTIL_RESUME}"
    if ctx.run.is_plan_only and ctx.settings.verify.heartbeat:
        summary += ", no heartbeat sent by a plan"
    known = ctx.run.known_failures.description()
    if not known:
        return summary
    return f"{summary}; did not work before the run, so not required to work now: {known}"


def _require_one_scheduler(ctx: Context) -> None:
    """Raise `Refused` if a second scheduler runs that this run does not remove."""
    removed = {each.id for each in removable_orphans(ctx)} if is_asked_to_remove(ctx) else set()
    for orphan in second_schedulers(ctx):
        if not is_temporary(orphan.container.name) and orphan.container.id not in removed:
            raise Refused("A second scheduler runs", where=orphan.container.name, todo=orphan.todo)


def _is_created(ctx: Context, name: str | None) -> bool:
    """Whether this run creates the service, and has not done so yet."""
    return name is not None and name in ctx.run.known_failures.new and ctx.is_new(name)


def require_database(ctx: Context) -> str:
    """Check that the database answers; return a text with its vendor and version.

    Without a database, returns `NO_DATABASE`. A database that this run creates later is not asked.
    Raises `CosmicError` if the database does not answer.
    """
    if not ctx.has_database:
        return NO_DATABASE
    if _is_created(ctx, ctx.settings.services.database):
        return "the database is new"
    with open_facts(ctx.database()) as database:
        database.ping()
        server = database.server()
    return f"{server.vendor} {server.version.partition('-')[0]} answers"


def require_cache(ctx: Context, name: str) -> str:
    """Check that the cache answers, and return a text that says so.

    A cache that this run creates later is not asked. Raises `ProbeFailed` if the cache does not
    answer.
    """
    import redis  # slow to import

    if _is_created(ctx, name):
        return "the cache is new"
    try:
        open_cache(ctx, name).ping()
    except redis.AuthenticationError:
        return "Redis answers"  # the server asks for a password, so it answers
    except EngineError as error:  # the cache does not run, or has no address
        raise ProbeFailed(
            f"The cache does not answer: {error.what}", where=name, todo=error.todo
        ) from error
    except redis.RedisError as error:
        raise ProbeFailed(
            f"The cache does not answer: {error}",
            where=name,
            todo=f"see `cosmicdeploy logs {name} --tail 50`",
        ) from error
    return "Redis answers"

"""Create the collectors for the chosen topics; a collector is a function that yields events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.logs.files import Files
from cosmicdeploy.operations.logs.outputs import Outputs
from cosmicdeploy.operations.monitor.log_lines import LogLines
from cosmicdeploy.probes.monitor import event, health, latency, tables
from cosmicdeploy.probes.monitor.event import Collector, polling_collector
from cosmicdeploy.steps.service_names import ROLES

# Topics of the application's services, whose logs may contain transitions of devices.
RELEASED = (event.APP, event.SCHEDULER, event.WORKER)


def collectors(ctx: Context, topics: Collection[str], since: float | None) -> Iterator[Collector]:
    """Yield the collectors for these topics, without starting them.

    `since` is the Unix time of the oldest event to report; None for events from now on.
    """
    yield from _log_collectors(ctx, topics, since)
    if event.HEALTH in topics:
        yield polling_collector("the engine", health.EVERY_SECONDS, health.Health(ctx).poll)
    if event.LATENCY in topics:
        yield polling_collector(
            "the load balancer", latency.EVERY_SECONDS, latency.Latency(ctx).poll
        )
    if parts := list(_table_parts(ctx, topics, since)):
        poll = tables.Tables(ctx, parts).poll
        yield polling_collector("the database", tables.EVERY_SECONDS, poll)


def _log_collectors(
    ctx: Context, topics: Collection[str], since: float | None
) -> Iterator[Collector]:
    followed = _followed(ctx, topics)
    if not followed:
        return
    # Without `since`, no past lines are read (tail 0).
    start, tail = (int(since * 1e9), None) if since is not None else (None, 0)
    outputs = {name: Outputs(ctx.engine, since=start, tail=tail) for name in followed}
    yield LogLines(ctx, outputs, followed, "output")
    file = ctx.settings.app.log_file
    # Only the main application has `app.log_file`.
    main_services = ctx.settings.released_by(ctx.settings.main_application)
    with_file = {name: topic for name, topic in followed.items() if name in main_services}
    if file and ctx.settings.monitoring.log_file and with_file:
        files = {name: Files(ctx.engine, str(file), 0) for name in with_file}
        yield LogLines(ctx, files, with_file, "file")


def _followed(ctx: Context, topics: Collection[str]) -> Mapping[str, str]:
    """Return the services whose logs are followed, and the topic of each service's lines."""
    roles = set(topics) | (set(RELEASED) if event.TRANSITIONS in topics else set())
    services = ctx.settings.services
    return {name: role for role in ROLES if role in roles for name in services.of([role])}


def _table_parts(
    ctx: Context, topics: Collection[str], since: float | None
) -> Iterator[tables.Part]:
    settings, start = ctx.settings.monitoring, event.news_start(since)
    if event.TRANSITIONS in topics and settings.transitions:
        recent = settings.flapping.seconds
        yield tables.Transitions(settings.transitions, settings.devices, recent, start)
    if event.CHANGES in topics and settings.devices:
        yield tables.Changes(settings.devices, settings.recent, start)

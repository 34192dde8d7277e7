"""Orphans that hold something that a step's service needs in order to start.

A service that was renamed needs what the orphan under its former name still holds: a port of the
host, a fixed address, or the schedule, which only one container may run. Such an orphan is stopped
right before the service starts, and started again by an undo. A renamed service that keeps data,
such as the database, is refused before the run begins: see `probes/preconditions/sole_writer.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.containers.orphan_containers import (
    IN_THE_WAY,
    is_asked_to_remove,
    orphan_facts,
    start_orphans,
    stop_orphan,
)
from cosmicdeploy.verification.orphans import is_second_scheduler, removable_orphans

ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not listened at


def in_the_way(ctx: Context, names: Collection[str]) -> list[dict[str, Any]]:
    """Return the running orphans that hold what one of these services needs, as journal facts.

    For each orphan, `service` is the first of these services that needs something of it, and
    `holds` names the first thing that this service needs.
    """
    running = [orphan for orphan in removable_orphans(ctx) if orphan.is_active]
    facts = {}
    for name in names if running else ():
        for orphan in running:
            what = next(_held(ctx, ctx.service(name), orphan), "")
            if what and orphan.id not in facts:
                facts[orphan.id] = {**orphan_facts(orphan), "service": name, "holds": what}
    return list(facts.values())


def require_way(ctx: Context, found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a step adds to its `Change.before`; empty if no orphan is in the way.

    Raises `Refused` if an orphan is in the way, and the run was not asked to remove orphans.
    """
    found = list(found)
    if found and not is_asked_to_remove(ctx):
        name, service = found[0]["name"], found[0]["service"]
        raise Refused(
            f"{service} needs {found[0]['holds']}, which {name} holds, and no service declares"
            f" {name}",
            where=f"project {ctx.stack.project}",
            todo=f"`cosmicdeploy deploy --remove-orphans` stops it right before {service} starts,"
            " and removes it at the end (its volumes stay); or declare its service again",
            details=[f"{each['name']} holds {each['holds']}" for each in found],
        )
    return {IN_THE_WAY: found} if found else {}


def describe(before: Mapping[str, Any]) -> str:
    """Describe in a plan which orphans are stopped first; "" for none."""
    return "; ".join(
        f"stop {each['name']}, which no service declares, right before {each['service']} starts,"
        f" which needs {each['holds']}"
        for each in before.get(IN_THE_WAY, ())
    )


def stop_for(ctx: Context, service: str, before: Mapping[str, Any]) -> None:
    """Stop the orphans that are in the way of this service."""
    for each in before.get(IN_THE_WAY, ()):
        if each["service"] == service:
            ctx.say(f"stopping {each['name']}, which holds {each['holds']}")
            stop_orphan(ctx, each["id"])


def start_again(ctx: Context, before: Mapping[str, Any]) -> None:
    """Start the orphans again that were stopped for a service; see `start_orphans`."""
    start_orphans(ctx, before.get(IN_THE_WAY, ()))


def _held(ctx: Context, service: Service, orphan: Container) -> Iterator[str]:
    """Yield, in words, each thing that the service needs and this orphan holds."""
    for port in service.ports:
        for address, number, protocol in orphan.host_ports:
            is_same = (port.published, port.protocol) == (number, protocol)
            # For a range of ports (`published_end`), the engine chooses one that is free.
            if is_same and not port.published_end and _overlap(port.host_ip, address):
                yield f"port {number} of the host"
    for attachment in service.networks:
        fixed = attachment.ipv4_address
        if fixed and orphan.addresses.get(attachment.network) == fixed:
            yield f"the address {fixed}"
    if service.name == ctx.settings.services.scheduler and is_second_scheduler(ctx, orphan):
        yield "the schedule"


def _overlap(one: str, other: str) -> bool:
    """Whether two containers cannot both listen at these addresses of the host."""
    return one == other or one in ANY_ADDRESS or other in ANY_ADDRESS

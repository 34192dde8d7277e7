"""Snapshots of the state that a run may change, to prove that an undo was complete."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.steps.rollout.replacement.replace import journal_facts

State = Mapping[str, Any]
# Recorded in place of the schema's digest if the stack has no database.
NO_SCHEMA = ""
# The lines with which `changed` reports that the database differs, by key of the state.
DATA_LINES = {"schema": "the schema differs", "migrations": "migrations differ"}


def observe(ctx: Context, before: State | None = None) -> State:
    """Return image tags, containers, schema and applied migrations as JSON.

    The schema and the migrations are None if the database cannot be read. With `before`, the state
    covers the services in `before`; without it, all services that a run may change.
    """
    ctx = ctx.with_cached_facts()
    services = ctx.settings.services
    names = (*services.deployed, *services.keeping_data, *sorted(ctx.run.included))
    if before is not None:
        names = tuple(name for name in before["containers"] if name in ctx.stack.services)
    return {
        "tags": {
            ctx.service(name).image: image.id if image else None
            for name, image in ctx.images_of(names).items()
        },
        "containers": {name: _container(ctx, name) for name in dict.fromkeys(names)},
        **_schema(ctx, before),
    }


def _container(ctx: Context, service: str) -> dict[str, Any] | None:
    return journal_facts(ctx.container(service))


def _schema(ctx: Context, before: State | None) -> dict[str, Any]:
    if not ctx.has_database:
        return {"schema": NO_SCHEMA, "migrations": []}
    try:
        with open_facts(ctx.database()) as facts:
            return {
                "schema": facts.schema_digest(comparable_with=before["schema"] if before else None),
                "migrations": _migrations(facts, before),
            }
    except CosmicError:
        return {"schema": None, "migrations": None}


def _migrations(facts: Facts, before: State | None) -> Any:
    """Return the applied migrations; without a table, those in `before`, so that they are equal.

    Earlier versions read the table of Laravel also where no framework is configured.
    """
    if facts.bookkeeping is None and before is not None:
        return before["migrations"]
    return sorted(facts.applied_migrations())


def changed(before: State, after: State) -> list[str]:
    """Return the differences between two states, one line each.

    Compares the schema and migrations only if both states know the schema. Ignores whether a
    container runs if its service did not work before.
    """
    unstable = KnownFailures.of_state(before).services
    before, after = _without_running(before, unstable), _without_running(after, unstable)
    lines = [
        f"{kind}: {name}"
        for kind in ("tags", "containers")
        for name in sorted({*before[kind], *after[kind]})
        if before[kind].get(name) != after[kind].get(name)
    ]
    unknown = (None, NO_SCHEMA)
    database_lines = [
        line
        for kind, line in DATA_LINES.items()
        if before["schema"] not in unknown
        and after["schema"] not in unknown
        and before[kind] != after[kind]
    ]
    return [*lines, *database_lines]


def compared(before: State, after: State, *, expected: Collection[str] = ()) -> str:
    """Describe what `changed` has compared, and whether the schema could be compared.

    `expected` are the differences that the undone steps leave on purpose. If there are any, the
    description names them instead of the schema.
    """
    if NO_SCHEMA in (before["schema"], after["schema"]):
        return "images and containers of the application"
    if expected:
        return f"images and containers of the application; {' and '.join(expected)}"
    has_schema = None not in (before["schema"], after["schema"])
    schema = ", schema" if has_schema else "; the schema could not be compared"
    return f"images and containers of the application{schema}"


def _without_running(state: State, unstable: Collection[str]) -> State:
    """Return the state without the information whether these services run."""
    containers = {
        name: {**facts, "running": None} if facts and name in unstable else facts
        for name, facts in state["containers"].items()
    }
    return {**state, "containers": containers}

"""What a plan says about a rollout: what is replaced and why, and at which pace."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.settings.pace import Pace, pace_of, starts_first_as_only_replica
from cosmicdeploy.steps.rollout.drift import MISSING, PAUSED, STOPPED


def grouped_reasons(reasons: Mapping[str, str]) -> str:
    """Return each reason with its services."""
    groups: dict[str, list[str]] = {}
    for name, why in reasons.items():
        groups.setdefault(why, []).append(name)
    verbs = {STOPPED: "start", PAUSED: "unpause", MISSING: "create"}
    return "; ".join(
        f"{verbs.get(why, 'replace')} {', '.join(names)} ({why})" for why, names in groups.items()
    )


def declared_paces(ctx: Context, names: Iterable[str]) -> str:
    """Describe the pace of the services for which `update_config` decides about it; "" for none."""
    services: dict[str, Pace] = {}
    for name in names:
        service = ctx.service(name)
        pace = pace_of(ctx.settings, service)
        if service.deploy.update is not None and pace != Pace():
            services[service.compose_name] = pace
    return "; ".join(
        f"{name}: {_described(pace)} (update_config, restart)" for name, pace in services.items()
    )


def only_replicas_first(ctx: Context, replaced: Iterable[str]) -> str:
    """Name the services that start-first applies to only because they have no other replica."""
    names = [
        name for name in replaced if starts_first_as_only_replica(ctx.settings, ctx.service(name))
    ]
    if not names:
        return ""
    return (
        f"{', '.join(names)}: the new container starts before the old one stops, since there is no"
        " other replica; set restart.order.app to stop-first if two must not run together"
    )


def proxy_notes(ctx: Context, replaced: Collection[str]) -> str:
    """Say what the load balancer adds to this rollout, and what is at stake behind it.

    "" if the load balancer cannot be read: the verification's point `proxy` reports why.
    """
    try:
        return "; ".join(load_balancer(ctx).rollout_notes(replaced))
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError):
        return ""


def _described(pace: Pace) -> str:
    parts = [
        pace.order,
        f"{pace.at_a_time or 'all'} at a time",
        *([f"{pace.delay:g} s apart"] if pace.delay else []),
        *([f"each watched for {pace.monitor:g} s"] if pace.monitor else []),
    ]
    return ", ".join(parts)

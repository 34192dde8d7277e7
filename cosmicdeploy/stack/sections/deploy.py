"""Read the `deploy` section of a service, except replicas, limits and reservations."""

from __future__ import annotations

from cosmicdeploy.stack.model import Deploy, RolloutSettings
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import seconds

_KEYS = (
    "endpoint_mode", "labels", "mode", "placement", "replicas", "resources", "restart_policy",
    "rollback_config", "update_config",
)  # fmt: skip
_ROLLOUT = ("parallelism", "delay", "failure_action", "monitor", "max_failure_ratio", "order")
_SWARM = "only Swarm knows it"
# Conditions of `deploy.restart_policy`, each with the same policy in the notation of `restart`.
_RESTARTS = {
    "none": "no",
    "no": "no",
    "on-failure": "on-failure",
    "unless-stopped": "unless-stopped",
    "any": "always",
    "always": "always",
}


def read_deploy(entry: ComposeValue | None, scope: Scope) -> Deploy:
    """Read the `deploy` section; note in `scope.remarks` the keys that have no effect."""
    if entry is None:
        return Deploy()
    fields = {k: item for k, item in entry.mapping(_KEYS).items() if item.data not in (None, "")}
    if "mode" in fields:
        fields["mode"].one_of(("replicated", "global"))
    if "endpoint_mode" in fields:
        fields["endpoint_mode"].one_of(("vip", "dnsrr"))
    for key in ("endpoint_mode", "labels", "placement"):
        if key in fields and fields[key].data:
            scope.ignore(fields[key], _SWARM)
    if "rollback_config" in fields and fields["rollback_config"].data:
        scope.ignore(
            fields["rollback_config"], "an undo puts the former containers back one by one"
        )
    _note_other_failures(entry.get("update_config"), scope)
    return Deploy(
        update=entry.optional("update_config", _rollout_settings),
        rollback=entry.optional("rollback_config", _rollout_settings),
        labels=entry.optional("labels", ComposeValue.filled_pairs) or {},
    )


def _note_other_failures(entry: ComposeValue | None, scope: Scope) -> None:
    """Note the keys that demand something other than an undo after a failure."""
    failed = "a rollout in which a container fails is undone"
    for key, followed in (("failure_action", "rollback"), ("max_failure_ratio", 0)):
        item = None if entry is None or entry.data is None else entry.get(key)
        if item is not None and item.data is not None and item.data != followed:
            scope.ignore(item, failed)


def read_restart_policy(deploy: ComposeValue | None, scope: Scope) -> str | None:
    """Return `deploy.restart_policy` in the notation of the key `restart`, as in "on-failure:3".

    None if the section has no policy. A policy without a condition is "no", as in Compose.
    """
    entry = None if deploy is None else deploy.mapping(_KEYS).get("restart_policy")
    if entry is None or entry.data is None:
        return None
    entry.mapping(("condition", "delay", "max_attempts", "window"))
    entry = entry.without_empty("condition")
    for key in ("delay", "window"):
        item = entry.get(key)
        if item is not None:
            seconds(item)
            scope.ignore(item, "the engine waits longer after each failure, by a rule of its own")
    policy = entry.optional("condition", _condition) or "no"
    count = entry.optional("max_attempts", ComposeValue.integer) or 0
    if count and policy != "on-failure":
        raise entry.child("max_attempts").error(
            "needs the condition on-failure", "set 'condition: on-failure', or remove max_attempts"
        )
    return f"{policy}:{count}" if count else policy


def _condition(entry: ComposeValue) -> str:
    return _RESTARTS[entry.one_of(_RESTARTS)]


def _rollout_settings(entry: ComposeValue) -> RolloutSettings:
    entry.mapping(_ROLLOUT)
    return RolloutSettings(
        parallelism=entry.optional("parallelism", ComposeValue.integer),
        delay=entry.optional("delay", seconds),
        failure_action=entry.optional("failure_action", _failure_action),
        monitor=entry.optional("monitor", seconds),
        max_failure_ratio=entry.optional("max_failure_ratio", ComposeValue.number),
        order=entry.optional("order", _order),
    )


def _failure_action(entry: ComposeValue) -> str:
    return entry.one_of(("continue", "pause", "rollback"))


def _order(entry: ComposeValue) -> str:
    return entry.one_of(("start-first", "stop-first"))

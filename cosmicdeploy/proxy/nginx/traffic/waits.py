"""Wait until nginx sends requests to a restarted replica again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy.nginx.traffic.drain import drainable
from cosmicdeploy.proxy.nginx.upstream_policy import (
    DEFAULT_POLICY,
    UpstreamPolicy,
    upstream_policies,
)
from cosmicdeploy.proxy.probe_requests import SECONDS_PER_TURN, unreached
from cosmicdeploy.settings.pace import pace_of


class NginxWaits:
    """The waits of one rollout, which reads nginx's configuration only once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def until_used_again(self, replicas: Sequence[str]) -> None:
        """Wait as long as nginx may skip these replicas, after an error or a stale DNS answer.

        Each worker process of nginx resolves names by itself. Without a `zone`, each worker also
        decides by itself, in each group of servers, which ones it skips. The deployer cannot see
        the result. The next replica may stop only after the wait.
        """
        seconds = max((self._policy(name).unavailable_for for name in replicas), default=0.0)
        if seconds > self._ctx.settings.restart.pause:
            names = ", ".join(replicas)
            self._ctx.say(f"waiting {seconds:g} s, as long as nginx may skip {names}")
        self._ctx.sleep(seconds)

    def unreached(self, replicas: Sequence[str]) -> list[str]:
        """Return the replicas that get no request in the time in which nginx should use each.

        Leaves out replicas that nginx uses only if others fail. If the proxy's connections cannot
        be read, returns no replica, after `restart.pause` seconds.
        """
        in_rotation = [name for name in replicas if self._policy(name).in_rotation]
        turns = max((self._policy(name).turns for name in in_rotation), default=0)
        within = max(self._ctx.settings.restart.pause, turns * SECONDS_PER_TURN)
        try:
            return unreached(self._ctx, in_rotation, within)
        except EngineUnavailable:
            raise
        except (ConfigError, EngineError):
            # The replicas' connections cannot be read, so the rollout can only wait.
            self._ctx.sleep(self._ctx.settings.restart.pause)
            return []

    @cached_property
    def _policies(self) -> Mapping[str, UpstreamPolicy]:
        try:
            return upstream_policies(self._ctx)
        except EngineUnavailable:
            raise
        except (ConfigError, EngineError) as error:
            self._ctx.say(
                f"cannot read how long nginx skips a replica ({error.what}):"
                f" assuming its default of {DEFAULT_POLICY.fail_timeout:g} s"
            )
            return dict.fromkeys(self._ctx.settings.services.app, DEFAULT_POLICY)

    def _policy(self, name: str) -> UpstreamPolicy:
        """Return nginx's policy for a replica; one that waits for nothing if nginx has none."""
        return self._policies.get(name, UpstreamPolicy())


def describe_waits(ctx: Context, replicas: Collection[str]) -> str:
    """Describe in a plan how long nginx makes the rollout of these replicas wait.

    "" if the rollout waits no longer than `restart.pause` after each replica, or if nginx's
    configuration cannot be read.
    """
    paces = [pace_of(ctx.settings, ctx.service(name)) for name in replicas]
    one_at_a_time = all(pace.at_a_time == 1 for pace in paces) or len(replicas) == 1
    try:
        drained = drainable(ctx) if one_at_a_time else frozenset()
        policies = upstream_policies(ctx) if set(replicas) - drained else {}
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError):
        return ""  # the rollout and the verification's point `proxy` report the error
    waiting = [policies[name] for name in replicas if name in policies and name not in drained]
    longest = max(waiting, key=lambda each: each.unavailable_for, default=UpstreamPolicy())
    if longest.unavailable_for <= ctx.settings.restart.pause:
        return ""
    after = f"each of {len(waiting)} replicas" if len(waiting) > 1 else "it"
    return (
        f"nginx may skip a restarted replica for {longest.skipped_for:g} s: the rollout waits"
        f" {longest.unavailable_for:g} s after {after}"
    )

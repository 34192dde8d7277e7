"""How long a rollout waits until the proxy uses a replica that was away again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from cosmicdeploy import proxy
from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable


class ProxyWaits:
    """The waits of one rollout, by the proxy's configuration at its first wait. Not reusable."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def until_used_again(self, replicas: Sequence[str]) -> None:
        """Wait until each of nginx's workers, and each group, sends these replicas requests again.

        The next replica may stop only then, and nothing shows that moment sooner.
        """
        seconds = max((self._policy(name).unavailable_for for name in replicas), default=0.0)
        if seconds > self._ctx.settings.restart.pause:
            names = ", ".join(replicas)
            self._ctx.say(f"waiting {seconds:g} s: nginx may pass {names} over for so long")
        self._ctx.sleep(seconds)

    def unreached(self, replicas: Sequence[str]) -> list[str]:
        """Return those of the replicas in rotation that get no request when their turn is due."""
        in_rotation = [name for name in replicas if self._policy(name).in_rotation]
        turns = max((self._policy(name).turns for name in in_rotation), default=0)
        within = max(self._ctx.settings.restart.pause, turns * proxy.SECONDS_PER_TURN)
        try:
            return proxy.unreached(self._ctx, in_rotation, within)
        except (ConfigError, EngineError):
            # The proxy's port or the replicas' connections cannot be seen: only waiting is left.
            self._ctx.sleep(self._ctx.settings.restart.pause)
            return []

    @cached_property
    def _policies(self) -> Mapping[str, proxy.UpstreamPolicy]:
        try:
            return proxy.upstream_policies(self._ctx)
        except EngineUnavailable:
            raise
        except (ConfigError, EngineError) as error:
            self._ctx.say(
                f"cannot read for how long nginx passes a replica over ({error.what}):"
                f" taking its default of {proxy.DEFAULT_POLICY.fail_timeout:g} s"
            )
            return dict.fromkeys(self._ctx.settings.services.app, proxy.DEFAULT_POLICY)

    def _policy(self, name: str) -> proxy.UpstreamPolicy:
        return self._policies.get(name, proxy.UpstreamPolicy())


def describe_waits(ctx: Context, replicas: Collection[str]) -> str:
    """Return the plan's line on how long the proxy makes the rollout of these replicas wait.

    "" if it waits no longer than `restart.pause` after each of them.
    """
    one_at_a_time = min(ctx.settings.restart.max_unavailable, len(replicas)) == 1
    try:
        drainable = proxy.drainable(ctx) if one_at_a_time else frozenset()
        policies = proxy.upstream_policies(ctx) if set(replicas) - drainable else {}
    except (ConfigError, EngineError):
        return ""  # the verification point `proxy` reports it, and the rollout itself
    waiting = [policies[name] for name in replicas if name in policies and name not in drainable]
    longest = max(waiting, key=lambda each: each.fail_timeout, default=proxy.UpstreamPolicy())
    if longest.unavailable_for <= ctx.settings.restart.pause:
        return ""
    return (
        f"nginx passes over a replica that was away for {longest.fail_timeout:g} s:"
        f" {longest.unavailable_for:g} s are waited after each of {len(waiting)}"
    )

"""How long the proxy needs until it uses a replica again that was away."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from cosmicdeploy import proxy
from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable


class ProxyWaits:
    """The waits of one rollout, by the proxy's configuration as it is then. Not reusable."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def until_used_again(self, replicas: Sequence[str]) -> None:
        """Until each of nginx's workers, and each group that a replica is in, uses it again: the
        next one may only go then, and nothing shows it sooner."""
        seconds = max((self._policy(name).unavailable_for for name in replicas), default=0.0)
        if seconds > self._ctx.settings.restart.pause:
            names = ", ".join(replicas)
            self._ctx.say(f"waiting {seconds:g} s: nginx may pass {names} over for so long")
        self._ctx.sleep(seconds)

    def unreached(self, replicas: Sequence[str]) -> list[str]:
        """Which of those whose turn must come gets no request."""
        asked = [name for name in replicas if self._policy(name).in_rotation]
        turns = max((self._policy(name).turns for name in asked), default=0)
        within = max(self._ctx.settings.restart.pause, turns * proxy.SECONDS_PER_TURN)
        try:
            return proxy.unreached(self._ctx, asked, within)
        except (ConfigError, EngineError):
            # Where clients come in is not known, or cannot be seen: time is all there is to give.
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
                f"for how long nginx passes a replica over cannot be read ({error.what}):"
                f" {proxy.DEFAULT_POLICY.fail_timeout:g} s are taken, its default"
            )
            return dict.fromkeys(self._ctx.settings.services.app, proxy.DEFAULT_POLICY)

    def _policy(self, name: str) -> proxy.UpstreamPolicy:
        return self._policies.get(name, proxy.UpstreamPolicy())


def describe_waits(ctx: Context, replicas: Collection[str]) -> str:
    """What the plan says of the proxy, where these replicas are replaced by turns; "" where they
    are not waited for longer than `restart.pause`."""
    alone = min(ctx.settings.restart.max_unavailable, len(replicas)) == 1
    try:
        able = proxy.drainable(ctx) if alone else frozenset()
        policies = proxy.upstream_policies(ctx) if set(replicas) - able else {}
    except (ConfigError, EngineError):
        return ""  # told by the point `proxy`, and by the rollout itself
    waiting = [policies[name] for name in replicas if name in policies and name not in able]
    longest = max(waiting, key=lambda each: each.fail_timeout, default=proxy.UpstreamPolicy())
    if longest.unavailable_for <= ctx.settings.restart.pause:
        return ""
    return (
        f"nginx passes over a replica that was away for {longest.fail_timeout:g} s:"
        f" {longest.unavailable_for:g} s are waited after each of {len(waiting)}"
    )

"""For how long nginx sends nothing to a replica that was away, by its own configuration.

A server that fails `max_fails` requests gets none for `fail_timeout`; each group of servers and,
without a zone, each worker process counts for itself. Nothing shows from outside who counts what.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.proxy.advice import FAIL_TIMEOUT, seconds
from cosmicdeploy.proxy.nginx.server import configuration, find
from cosmicdeploy.proxy.nginx.upstreams import Group, Server, groups
from cosmicdeploy.proxy.replicas import Known, groups_of, known_as

# nginx counts in whole seconds and lets more than fail_timeout pass; and some slack.
SLACK = 1.5


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """How nginx treats a replica. Once it was away it may get nothing for `fail_timeout` seconds; 0
    where it is never passed over. `in_turn`: requests come to it while all is well, the first one
    among so many `turns`."""

    fail_timeout: float = 0.0
    in_turn: bool = True
    turns: int = 1

    @property
    def passed_over(self) -> float:
        """Seconds after which every worker sends it requests again."""
        return self.fail_timeout + SLACK if self.fail_timeout else 0.0


# Where nginx's configuration cannot be read.
BY_DEFAULT = Treatment(fail_timeout=seconds(FAIL_TIMEOUT))


def treatments(ctx: Context) -> Mapping[str, Treatment]:
    """Of each replica that nginx knows; none where the proxy is another one or does not run.

    Raises `ConfigError` where nginx would not start with its present configuration.
    """
    proxy = find(ctx)
    if proxy is None:
        return {}
    known = known_as(ctx)
    ours = groups_of(known, groups(configuration(ctx, proxy)))
    return treatments_in(known, ours, len(proxy.workers))


def treatments_in(known: Known, ours: Sequence[Group], workers: int) -> dict[str, Treatment]:
    """As `treatments`, of groups at hand."""
    found = {name: _treatment(called, ours, workers) for name, called in known.items()}
    return {name: treatment for name, treatment in found.items() if treatment is not None}


def _treatment(called: set[str], ours: Sequence[Group], workers: int) -> Treatment | None:
    places = [
        (group, server) for group in ours for server in group.servers if server.host in called
    ]
    if not places:
        return None
    at_work = [place for place in places if place[0].spreads and place[1].at_work]
    return Treatment(
        fail_timeout=max(_fail_timeout(*place) for place in places),
        in_turn=bool(at_work),
        turns=max((_turns(*place, workers) for place in at_work), default=1),
    )


def _fail_timeout(group: Group, server: Server) -> float:
    """nginx never passes over the only server of a group; one that is down gets nothing ever."""
    never = "down" in server.options or server.options.get("max_fails") == "0"
    if never or len(group.servers) < 2:
        return 0.0
    return seconds(server.options.get("fail_timeout", FAIL_TIMEOUT))


def _turns(group: Group, server: Server, workers: int) -> int:
    others = sum(_weight(each) for each in group.servers if each.at_work)
    counting = 1 if "zone" in group.directives else max(1, workers)
    return counting * math.ceil(others / _weight(server))


def _weight(server: Server) -> int:
    return max(1, int(server.options.get("weight", "1")))

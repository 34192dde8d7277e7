"""Compare the requests during the soak, the time after a rollout, with those before the rollout."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.proof.access_log import count_spans
from cosmicdeploy.process.signals import interruptible
from cosmicdeploy.settings import Soak
from cosmicdeploy.traffic.request_stats import Sample, percentile

# Latencies are compared only if there are at least this many good responses before and after.
MIN_SAMPLES = 20


class Comparison:
    """Compares the requests before `rollout_start` with those since `soak_start` (Unix times)."""

    def __init__(self, ctx: Context, rollout_start: float, soak_start: float) -> None:
        self._ctx, self._rollout_start, self._soak_start = ctx, rollout_start, soak_start
        # The run's counts when the soak begins, to be subtracted from its later counts.
        self._limited = ctx.run.traffic.limited if ctx.run.traffic else 0
        self._not_found = ctx.run.traffic.not_found if ctx.run.traffic else 0
        self._beats = self._beats_so_far()
        before = ctx.run.traffic.between(0, rollout_start) if ctx.run.traffic else []
        self._first_at = before[0].at if before else soak_start
        self._before = latencies([sample for sample in before if sample.good])
        # The proxy's counts before the rollout and since the soak began; None if unknown.
        self._clients: Sequence[Mapping[str, int]] | None = None
        self._usual_error_rate = sum(not sample.good for sample in before) / max(1, len(before))

    def breaches(self, *, over: bool) -> list[str]:
        """Return a line for each limit of the soak that is exceeded.

        While the soak is not `over`, only the failures of the deployer's own requests are checked,
        as a share of all requests that will have been sent by its end.
        """
        limits, count = self._ctx.settings.watch, self._count()
        expected = 0 if over else round(limits.seconds * self._ctx.settings.probe.rate)
        sent = max(count["requests"], expected)
        tolerated = max(limits.max_error_rate, self._usual_error_rate)
        why = too_many_failures(count["failed"], sent, tolerated)
        breaches = [why] if why else []
        if not over:
            return breaches
        return [*breaches, *self._client_errors(), *slower(self._before, self._after(), limits)]

    def _client_errors(self) -> list[str]:
        """Return a line if the proxy answered too many of all clients' requests with 5xx.

        The access log also shows failures of pages that the deployer does not request.
        """
        spans = ((self._first_at, self._rollout_start), (self._soak_start, time.time()))
        with interruptible():
            has_time_before = self._first_at < self._rollout_start
            counts = count_spans(self._ctx, *spans) if has_time_before else None
        self._clients = counts
        if counts is None:
            return []
        before, after = counts
        usual = before["errors"] / before["answers"]
        tolerated = max(self._ctx.settings.watch.max_error_rate, usual)
        why = too_many_failures(after["errors"], after["answers"], tolerated)
        return [f"the proxy answered 5xx: {why}; before the rollout {usual:.1%}"] if why else []

    @property
    def heartbeats(self) -> dict[str, int]:
        """How many heartbeats of the soak were acknowledged, and how many the rate limit refused.

        Heartbeats that were held back because of an earlier refusal count as refused.
        """
        now = self._beats_so_far()
        return {name: now[name] - self._beats[name] for name in now}

    def _beats_so_far(self) -> dict[str, int]:
        """Return the counts of `heartbeats`, of the whole run."""
        beats = self._ctx.run.traffic.beats if self._ctx.run.traffic else Counter[str]()
        # Each key is read by its name: a loop over the keys would fail if another thread adds a key
        # in the meantime.
        limited = beats["limited"] + beats["held_back"]
        return {"acknowledged": beats["acknowledged"], "limited": limited}

    @property
    def lacks_heartbeat(self) -> bool:
        """Whether the rate limit has refused all heartbeats of the soak so far."""
        heartbeats = self.heartbeats
        return bool(heartbeats["limited"]) and not heartbeats["acknowledged"]

    def facts(self) -> dict[str, object]:
        """Return the figures for the report; latencies in milliseconds.

        `clients` are the proxy's counts of its responses to all clients, before the rollout and
        since the soak began; None if the access log does not show both.
        """
        before, after = self._before, self._after()
        clients = dict(zip(("before", "after"), self._clients or (), strict=False))
        return {
            **self._count(),
            "heartbeats": self.heartbeats,
            "clients": clients or None,
            **{
                f"{name}_ms": {"before": _ms(before, name), "after": _ms(after, name)}
                for name in ("p50", "p99")
            },
        }

    def _count(self) -> dict[str, int]:
        traffic = self._ctx.run.traffic
        if traffic is None:
            return {"requests": 0, "failed": 0, "limited": 0}
        samples = traffic.between(self._soak_start, time.time())
        failed = sum(not sample.good for sample in samples)
        return {
            "requests": len(samples),
            "failed": failed + traffic.not_found - self._not_found,
            "limited": traffic.limited - self._limited,
        }

    def _after(self) -> dict[str, float] | None:
        traffic = self._ctx.run.traffic
        samples = traffic.between(self._soak_start, time.time()) if traffic else []
        return latencies([sample for sample in samples if sample.good])


def too_many_failures(failed: int, sent: int, share: float) -> str:
    """Return why there are too many failures; "" if their share is at most `share`."""
    if failed <= share * sent:
        return ""
    return f"{failed} of {sent} requests failed, more than {share:.1%}"


def latencies(samples: Sequence[Sample]) -> dict[str, float] | None:
    """Return p50 and p99 in seconds; None for fewer than `MIN_SAMPLES` samples."""
    if len(samples) < MIN_SAMPLES:
        return None
    seconds = [sample.seconds for sample in samples]
    return {"p50": percentile(seconds, 0.5), "p99": percentile(seconds, 0.99)}


def slower(
    before: Mapping[str, float] | None, after: Mapping[str, float] | None, limits: Soak
) -> list[str]:
    """Return a line for each latency that is too high compared with before the rollout."""
    if before is None or after is None:
        return []
    floors = limits.latency_floor.model_dump()
    return [
        f"{name} is {after[name] * 1000:.0f} ms; before the rollout {before[name] * 1000:.0f} ms"
        for name in before
        if after[name] > max(floors[name], limits.max_latency_ratio * before[name])
    ]


def _ms(figures: Mapping[str, float] | None, name: str) -> float | None:
    return None if figures is None else round(figures[name] * 1000, 1)

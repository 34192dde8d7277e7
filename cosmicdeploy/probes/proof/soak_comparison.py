"""What the requests tell of a time after a change, beside the time before it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.probes.proof.access_log import count_spans
from cosmicdeploy.settings import Soak
from cosmicdeploy.traffic.request_stats import Sample, percentile

# With fewer answers on either side latencies are not compared.
ENOUGH = 20


class Comparison:
    """The time before the roll, until `rolled`, and the time since `began` (Unix times)."""

    def __init__(self, ctx: Context, rolled: float, began: float) -> None:
        self._ctx, self._rolled, self._began = ctx, rolled, began
        self._limited = ctx.traffic.limited if ctx.traffic else 0
        self._missed = ctx.traffic.not_found if ctx.traffic else 0
        before = ctx.traffic.between(0, rolled) if ctx.traffic else []
        self._first = before[0].at if before else began
        self._before = latencies([sample for sample in before if sample.good])
        self._usual = sum(not sample.good for sample in before) / max(1, len(before))

    def breaches(self, *, over: bool) -> list[str]:
        """What must not be. Until it is `over`, failures are held against all that will be sent,
        and latencies against nothing."""
        wanted, count = self._ctx.settings.watch, self._count()
        expected = 0 if over else round(wanted.seconds * self._ctx.settings.probe.rate)
        sent = max(count["requests"], expected)
        why = too_many_failures(count["failed"], sent, max(wanted.max_error_rate, self._usual))
        failing = [why] if why else []
        if not over:
            return failing
        return [*failing, *self._of_clients(), *slower(self._before, self._after(), wanted)]

    def _of_clients(self) -> list[str]:
        """What the proxy answered to whoever asked, by its access log: a page that our own requests
        do not ask for may be the one that is broken."""
        spans = ((self._first, self._rolled), (self._began, time.time()))
        found = count_spans(self._ctx, *spans) if self._first < self._rolled else None
        if found is None:
            return []
        before, after = found
        usual = before["errors"] / before["answers"]
        borne = max(self._ctx.settings.watch.max_error_rate, usual)
        why = too_many_failures(after["errors"], after["answers"], borne)
        return [f"the proxy answered 5xx: {why}, and {usual:.1%} before"] if why else []

    def facts(self) -> dict[str, object]:
        """For the report; milliseconds."""
        before, after = self._before, self._after()
        return {
            **self._count(),
            **{
                f"{name}_ms": {"before": _ms(before, name), "after": _ms(after, name)}
                for name in ("p50", "p99")
            },
        }

    def _count(self) -> dict[str, int]:
        traffic = self._ctx.traffic
        if traffic is None:
            return {"requests": 0, "failed": 0, "limited": 0}
        samples = traffic.between(self._began, time.time())
        failed = sum(not sample.good for sample in samples)
        return {
            "requests": len(samples),
            "failed": failed + traffic.not_found - self._missed,
            "limited": traffic.limited - self._limited,
        }

    def _after(self) -> dict[str, float] | None:
        traffic = self._ctx.traffic
        samples = traffic.between(self._began, time.time()) if traffic else []
        return latencies([sample for sample in samples if sample.good])


def too_many_failures(failed: int, sent: int, share: float) -> str:
    """Why so many failures are a breach, where a share of them is borne; "" where they are none."""
    if failed <= share * sent:
        return ""
    return f"{failed} of {sent} requests failed, more than {share:.1%}"


def latencies(samples: Sequence[Sample]) -> dict[str, float] | None:
    """In seconds; None where there are too few to tell."""
    if len(samples) < ENOUGH:
        return None
    all_of_them = [sample.seconds for sample in samples]
    return {"p50": percentile(all_of_them, 0.5), "p99": percentile(all_of_them, 0.99)}


def slower(
    before: Mapping[str, float] | None, after: Mapping[str, float] | None, wanted: Soak
) -> list[str]:
    """Which figures are a breach, and why."""
    if before is None or after is None:
        return []
    floors = wanted.latency_floor.model_dump()
    return [
        f"{name} is {after[name] * 1000:.0f} ms, and was {before[name] * 1000:.0f} ms before"
        for name in before
        if after[name] > max(floors[name], wanted.max_latency_ratio * before[name])
    ]


def _ms(figures: Mapping[str, float] | None, name: str) -> float | None:
    return None if figures is None else round(figures[name] * 1000, 1)

"""Requests that are sent while a run changes something, and for a while after it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cosmicdeploy.settings.section import Section, Url


class Probe(Section):
    """`rate` in requests per second; so many of them a second are heartbeats."""

    url: Url | None = None
    rate: float = Field(default=20, ge=0, le=200)
    heartbeat_rate: float = Field(default=0.2, ge=0, le=200)
    on_failure: Literal["report", "rollback"] = "report"


class LatencyFloor(Section):
    """In seconds."""

    p50: float = Field(default=0.05, ge=0)
    p99: float = Field(default=0.5, ge=0)


class Watch(Section):
    """`seconds` after a roll; rates are shares of one."""

    seconds: float = Field(default=15, ge=0)
    max_error_rate: float = Field(default=0.01, ge=0, le=1)
    max_latency_ratio: float = Field(default=3, ge=1)
    latency_floor: LatencyFloor = LatencyFloor()

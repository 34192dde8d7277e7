"""The checks of `doctor`, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.operations.doctor.checks.data import backups, database
from cosmicdeploy.operations.doctor.checks.host import builder, clock, disk, engine, settings
from cosmicdeploy.operations.doctor.checks.images import secrets
from cosmicdeploy.operations.doctor.checks.requests import (
    gaps,
    health_checks,
    maintenance,
    proxy,
    rate_limit,
    stop_signals,
)
from cosmicdeploy.operations.doctor.outcome import Check

CHECKS: Sequence[Check] = (
    engine.CHECK,
    builder.CHECK,
    settings.CHECK,
    disk.CHECK,
    clock.CHECK,
    database.CHECK,
    backups.CHECK,
    health_checks.CHECK,
    proxy.CHECK,
    gaps.CHECK,
    rate_limit.CHECK,
    maintenance.CHECK,
    stop_signals.CHECK,
    secrets.CHECK,
)

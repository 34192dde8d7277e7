"""The problem `storage`: the application cannot write its files, or a disk is nearly full."""

from __future__ import annotations

from cosmicdeploy.operations.diagnosis.checks.disk_space import DISKS, disks
from cosmicdeploy.operations.diagnosis.checks.writable_mounts import WRITABLE, mounts
from cosmicdeploy.operations.diagnosis.finding import KnownProblem

PROBLEM = KnownProblem(
    name="storage",
    about="the application cannot write its files, or a disk is nearly full",
    checks={WRITABLE: mounts, DISKS: disks},
)

"""The problem `storage`: a service cannot write its files, or a disk is nearly full."""

from __future__ import annotations

from cosmicdeploy.operations.diagnosis.checks.disk_space import DISKS, disks
from cosmicdeploy.operations.diagnosis.checks.writable_mounts import (
    OWN_FOLDERS,
    WRITABLE,
    mounts,
    own_folders,
)
from cosmicdeploy.operations.diagnosis.finding import KnownProblem

PROBLEM = KnownProblem(
    name="storage",
    about="a service cannot write its files, or a disk is nearly full",
    checks={WRITABLE: mounts, OWN_FOLDERS: own_folders, DISKS: disks},
)

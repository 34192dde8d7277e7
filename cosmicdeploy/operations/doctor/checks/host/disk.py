"""Check that no disk is nearly full, and that the deployer may write its own files."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.checks.disk_space import DISKS, FREE_SPACE, disks
from cosmicdeploy.operations.diagnosis.checks.writable_mounts import own_folders
from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.operations.doctor.combining import attempted, outcome_of
from cosmicdeploy.operations.doctor.outcome import Check, Outcome
from cosmicdeploy.probes.storage.disks import file_system_here
from cosmicdeploy.text.formatting import format_percent

FULL = "a database whose disk is full stops, and no image or backup can be written"
NO_RUN = "no run begins"
NOT_HERE = "the disk of the engine's images is not measured, since it is not on this machine"


def disk(ctx: Context) -> Outcome:
    """Check the disks of this machine, of the engine and of all running containers."""
    return attempted(
        lambda: outcome_of(own_folders(ctx), "deploy", NO_RUN),
        lambda: outcome_of(disks(ctx), "data", FULL),
        lambda: outcome_of(_of_engine(ctx), "data", FULL),
    )


def _of_engine(ctx: Context) -> list[Finding]:
    """Check the disk to which the engine writes images, even if no container runs yet."""
    info = ctx.engine.info()
    folder = Path(info.root_folder)
    if not (info.is_local and info.root_folder and os.access(folder, os.F_OK)):
        where = f" {shlex.quote(info.root_folder)}" if info.root_folder else ""
        return [warning(DISKS, NOT_HERE, f"run `df -h{where}` on the engine's host")]
    system = file_system_here(folder)
    text = f"{system.folder}, for images: {format_percent(system.share)} in use"
    if system.share < ctx.settings.diagnose.disk:
        return [ok(DISKS, text)]
    return [problem(DISKS, text, FREE_SPACE)]


CHECK = Check(
    name="disk", about="disks have room, and the deployer can write its own files", run=disk
)

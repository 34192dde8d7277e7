"""Whose backups are in a folder or at a destination: several stacks may share one."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.errors import ForeignBackup


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A stack, by its database's name and its project's."""

    database: str
    project: str

    def objection(self, manifest: Manifest) -> str:
        """Why a backup is another stack's; "" where it is this one's.

        Manifests did not name the project at first: of those the database's name decides.
        """
        known = manifest.project in ("", self.project)
        if known and manifest.database == self.database:
            return ""
        project = f"project {manifest.project!r}" if manifest.project else "project unknown"
        return f"it is another stack's: database {manifest.database!r}, {project}"

    def refused(self, manifest: Manifest, where: str) -> ForeignBackup:
        """The error for a backup that is another stack's."""
        todo = "see this stack's own: `cosmicdeploy backup list`"
        if manifest.database == self.database:
            todo += (
                f"; if this is that stack under another project name ({self.project!r}), "
                f"set `project: {manifest.project}` in cosmicdeploy.yaml"
            )
        told = self.objection(manifest).removeprefix("it ")
        return ForeignBackup(f"The backup {manifest.id} {told}", where=where, todo=todo)

"""Tell this stack's backups from those of other stacks in the same folder or destination."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.errors import ForeignBackup


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The stack that backups belong to, identified by its database and its Compose project.

    `database` is "" for a stack without one.
    """

    database: str
    project: str

    @property
    def has_data(self) -> bool:
        """Whether its backups hold data; without a database they only name images."""
        return bool(self.database)

    def objection(self, manifest: Manifest) -> str:
        """Return that a backup is another stack's, in words; "" if it is this stack's.

        Manifests of older versions do not name the project, so the database alone decides then.
        """
        is_same_project = manifest.project in ("", self.project)
        if is_same_project and manifest.database == self.database:
            return ""
        project = f"project {manifest.project!r}" if manifest.project else "project unknown"
        database = f"database {manifest.database!r}" if manifest.database else "no database"
        return f"it is another stack's: {database}, {project}"

    def refused(self, manifest: Manifest, where: str) -> ForeignBackup:
        """Return the error for a backup of another stack."""
        todo = "choose one of this stack: `cosmicdeploy backup list`"
        if manifest.database == self.database:
            todo += (
                f"; if this is that stack under another project name ({self.project!r}), "
                f"set `project: {manifest.project}` in cosmicdeploy.yaml"
            )
        reason = self.objection(manifest).removeprefix("it ")
        return ForeignBackup(f"The backup {manifest.id} {reason}", where=where, todo=todo)

"""Tell this stack's backups from those of other stacks in the same folder or destination."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.backups.on_disk.manifest import Manifest
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
        """Whether the stack's backups hold data; without a database they only name images."""
        return bool(self.database)

    def objection(self, manifest: Manifest) -> str:
        """Return a text that says that a backup is another stack's; "" if it is this stack's.

        If an older version of the deployer wrote the manifest, it does not name the project. Then
        the database alone decides.
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
                f"; if project {self.project!r} is the same stack under a new name, "
                f"set `project: {manifest.project}` in cosmicdeploy.yaml"
            )
        reason = self.objection(manifest).removeprefix("it ")
        return ForeignBackup(f"The backup {manifest.id} {reason}", where=where, todo=todo)

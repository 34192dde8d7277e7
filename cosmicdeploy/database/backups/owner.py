"""Tell this stack's backups from those of other stacks in the same folder or destination."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.errors import ForeignBackup

# The option of `rollback` that restores the data of another stack or server.
FROM_OTHER_STACK = "--from-other-stack"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The stack that backups belong to: its database, its Compose project and its server.

    `database` is "" for a stack without a database. `server` is the identity of the server's data
    directory. As long as it is "", the identity is not known, and servers are not compared.
    """

    database: str
    project: str
    server: str = ""

    @property
    def has_data(self) -> bool:
        """Whether the stack's backups hold data; without a database they only name images."""
        return bool(self.database)

    def objection(self, manifest: Manifest) -> str:
        """Return a text saying that a backup is another stack's; "" if it is this stack's.

        A manifest from an older version of the deployer may lack the project or the server. A
        property that it lacks is not compared.
        """
        is_same_project = manifest.project in ("", self.project)
        if is_same_project and manifest.database == self.database:
            return self._objection_to_server(manifest)
        project = f"project {manifest.project!r}" if manifest.project else "project unknown"
        database = f"database {manifest.database!r}" if manifest.database else "no database"
        return f"it is another stack's: {database}, {project}"

    def _objection_to_server(self, manifest: Manifest) -> str:
        if not self.server or manifest.server_id in ("", self.server):
            return ""
        version = f"{manifest.server_vendor} {manifest.server_version}"
        return f"it was made on another database server ({version}), with another data directory"

    def refused(self, manifest: Manifest, where: str) -> ForeignBackup:
        """Return the error for a backup of another stack."""
        todo = "choose one of this stack: `cosmicdeploy backup list`"
        if self.has_data and manifest.database:
            todo += (
                "; to restore it here anyway:"
                f" `cosmicdeploy rollback --to {manifest.id} --from-other-stack`"
            )
        if manifest.database == self.database and manifest.project not in ("", self.project):
            todo += (
                f"; if project {self.project!r} is the same stack under a new name, "
                f"set `project: {manifest.project}` in cosmicdeploy.yaml"
            )
        reason = self.objection(manifest).removeprefix("it ")
        return ForeignBackup(f"The backup {manifest.id} {reason}", where=where, todo=todo)


def source_of(manifest: Manifest) -> str:
    """Return the database, the project and the server that a backup was made from, in words."""
    project = f"project {manifest.project!r}" if manifest.project else "an unknown project"
    server = f"{manifest.server_vendor} {manifest.server_version}"
    return f"database {manifest.database!r} of {project} on {server}"

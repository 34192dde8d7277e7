"""Sign the manifest of a backup, so that a forged copy is recognized when it is fetched.

The manifest has the SHA-256 of the data, so its signature covers the data too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field

from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.errors import BackupError

# What to do with a copy that does not prove its origin.
BY_HAND = (
    "make sure that no other user could write to the copy's destination, then copy {id}.sql.zst and"
    " {id}.json from there into the backup folder"
)


@dataclass(frozen=True)
class SigningKey:
    """The secret with which manifests are signed (HMAC-SHA256). `repr` omits it."""

    secret: bytes = field(repr=False)

    def signed(self, manifest: Manifest) -> Manifest:
        """Return the manifest with its signature."""
        return manifest.updated(signature=self._signature(manifest))

    def require_signed(self, manifest: Manifest, where: str) -> None:
        """Raise `BackupError` unless the manifest was signed with this key."""
        # As bytes, since `compare_digest` refuses a text with characters beyond ASCII.
        if hmac.compare_digest(manifest.signature.encode(), self._signature(manifest).encode()):
            return
        fault = "has a wrong signature" if manifest.signature else "is not signed"
        raise BackupError(
            f"The copy of {manifest.id} {fault}: it may be forged",
            where=where,
            todo="use another copy; if this one is from before the key was set or changed,"
            f" {BY_HAND.format(id=manifest.id)}",
        )

    def _signature(self, manifest: Manifest) -> str:
        return hmac.new(self.secret, _signed_text(manifest).encode(), hashlib.sha256).hexdigest()


def _signed_text(manifest: Manifest) -> str:
    """Return what is signed: the fields that differ from their defaults, ordered by name.

    Thanks to this, a later version whose manifest has more fields still recognizes the signature.
    `format` is always signed, since a later version may have another default for it.
    """
    fields = manifest.model_dump(mode="json", exclude={"signature"}, exclude_defaults=True)
    return json.dumps({**fields, "format": manifest.format}, sort_keys=True)

"""Sign the manifest of a backup, so that a forged copy is recognized when it is fetched.

The manifest has the SHA-256 of the data, so its signature covers the data too.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.errors import BackupError


@dataclass(frozen=True)
class SigningKey:
    """The secret with which manifests are signed (HMAC-SHA256). `repr` omits it."""

    secret: bytes = field(repr=False)

    def signed(self, manifest: Manifest) -> Manifest:
        """Return the manifest with its signature."""
        return manifest.updated(signature=self._signature(manifest))

    def require_signed(self, manifest: Manifest, where: str) -> None:
        """Raise `BackupError` unless the manifest was signed with this key."""
        if hmac.compare_digest(manifest.signature, self._signature(manifest)):
            return
        fault = "has a wrong signature" if manifest.signature else "is not signed"
        raise BackupError(
            f"The copy of {manifest.id} {fault}: it may be forged",
            where=where,
            todo="use another copy; if it is from before the key was set or changed, fetch it"
            " without `backup.signing_key_variable`, after you have checked where it comes from",
        )

    def _signature(self, manifest: Manifest) -> str:
        text = manifest.updated(signature="").to_json()
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

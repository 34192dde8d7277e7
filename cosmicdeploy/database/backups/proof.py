"""How well a backup is proven to be restorable, in the words that plans and reports use."""

from __future__ import annotations

from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.backups.on_disk.state import State
from cosmicdeploy.text.formatting import format_time


def proof_in_words(manifest: Manifest, state: State) -> str:
    """Return what has been proven of a backup, and when, and what has not."""
    return f"{_structure(manifest, state)}; {_data(manifest, state)}"


def _structure(manifest: Manifest, state: State) -> str:
    if manifest.structure_proof:
        return f"structure proven on {format_time(manifest.created_at)}"
    if state.restored and state.restored.passed:
        return f"structure proven on {format_time(state.restored.at)}"
    if manifest.prove == "off":
        return "structure NOT proven, since backup.prove was off"
    return "structure not proven"


def _data(manifest: Manifest, state: State) -> str:
    restored, proven = state.restored, state.data
    if restored is None:
        return "data never restored"
    if not restored.passed:
        return f"data DID NOT RESTORE on {format_time(restored.at)}: {restored.reason}"
    if proven is None or not proven.passed:
        return f"data restored on {format_time(restored.at)}, compared only by the number of rows"
    tables = manifest.objects.tables.values()
    compared, total = sum(bool(rows.checksum) for rows in tables), len(tables)
    if compared == total:
        return f"data proven on {format_time(proven.at)}"
    if not compared:
        return f"data restored on {format_time(proven.at)}, without the server's checksums"
    return f"data of {compared} of {total} tables proven on {format_time(proven.at)}"

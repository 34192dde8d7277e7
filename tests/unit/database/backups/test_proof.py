"""A backup's proof is never described as more than was done."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cosmicdeploy.database.backups.on_disk.manifest import (
    Objects,
    Prove,
    StructureProof,
    TableRows,
)
from cosmicdeploy.database.backups.on_disk.state import State, VerificationRecord
from cosmicdeploy.database.backups.proof import proof_in_words
from cosmicdeploy.text.formatting import format_time
from tests.unit.database.backups.entries import manifest

pytestmark = pytest.mark.unit

LATER = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
PASSED = VerificationRecord(at=LATER)
FAILED = VerificationRecord(at=LATER, reason="table a has 1 rows instead of 2")
CHECKED = TableRows(before=1, after=1, checksum="crc32-sum:1")
COUNTED = TableRows(before=1, after=1)
DAY = format_time(LATER)
LOADED = StructureProof(seconds=0.3, objects=7)


@pytest.mark.parametrize(
    ("prove", "proof", "state", "words"),
    [
        (None, None, State(), "structure not proven; data never restored"),
        ("off", None, State(), "structure NOT proven, since backup.prove was off; data never"),
        (
            "off",
            None,
            State(restored=PASSED),
            f"structure proven on {DAY}; data restored on {DAY},",
        ),
        (None, None, State(restored=PASSED), f"structure proven on {DAY}; data restored on {DAY},"),
        (None, None, State(restored=FAILED), f"data DID NOT RESTORE on {DAY}: table a has 1 rows"),
        ("structure", LOADED, State(), "data never restored"),
    ],
)
def test_the_words_name_what_was_not_proven(
    prove: Prove | None, proof: StructureProof | None, state: State, words: str
) -> None:
    made = manifest("20260301-120000-cccc").updated(prove=prove, structure_proof=proof)
    text = proof_in_words(made, state)
    assert words in text
    assert (f"structure proven on {format_time(made.created_at)}" in text) == bool(proof)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"a": CHECKED, "b": CHECKED}, f"data proven on {DAY}"),
        ({"a": CHECKED, "b": COUNTED}, f"data of 1 of 2 tables proven on {DAY}"),
        ({"a": COUNTED}, f"data restored on {DAY}, without the server's checksums"),
    ],
)
def test_data_are_proven_by_the_servers_checksums(tables: dict[str, TableRows], words: str) -> None:
    made = manifest("20260301-120000-cccc").updated(objects=Objects(tables=tables))
    assert proof_in_words(made, State(restored=PASSED, data=PASSED)).endswith(words)

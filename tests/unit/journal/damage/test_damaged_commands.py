"""With a journal that is damaged at random, no command that only reads crashes or hangs.

Two of these commands are `deploy --abort --accept` and `rollback`: without an answer to their
question, they only show what they would do. `make test` tries a hundred journals, `make torture`
10,000.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.fuzz.damage import cases, limited
from tests.unit.journal.damage.any_json import ID
from tests.unit.journal.damage.journals import killed_run
from tests.unit.journal.history.recorded import Recorded
from tests.unit.journal.rotation.histories import History
from tests.unit.shop import call

pytestmark = [pytest.mark.unit, pytest.mark.timeout(7200)]

COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("deploy", "--abort", "--accept"),
    ("rollback", "--to", ID),
    ("checklist", "--json"),
    ("backup", "prune", "--plan"),
    ("lock", "status"),
    ("history", "--all"),
    ("history", "--json"),
    ("history", "show"),
    ("history", "show", "latest", "--json"),
    ("report",),
)


def journals(folder: Path) -> list[str]:
    """Return the journal of a killed run, of runs that have ended, of both, and with summaries."""
    summarized = Recorded(folder / "recorded").success().failure().path.read_text()
    history = History()
    for _ in range(3):
        history.finished("build", "rollout", backups=["b1"])
    killed = "".join(json.dumps(record) + "\n" for record in killed_run())
    past = b"".join(history.lines).decode()
    return [killed, past, past + killed, killed + past, summarized, summarized + killed]


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.torture)])
def test_a_command_that_only_reads_works_with_a_damaged_journal(folder: Path, count: int) -> None:
    path = folder / ".cosmicdeploy/journal.jsonl"
    for number, chance, data in cases(6, count, journals(folder)):
        path.write_bytes(data)
        words = chance.choice(COMMANDS)
        with limited():
            done = call(*words)
        subject = f"case {number}: {' '.join(words)}: {done.stderr[-2000:]}"
        assert isinstance(done.exception, SystemExit | None), f"{subject} {done.exception!r}"
        assert "Unexpected" not in done.stderr and "Traceback" not in done.stderr, subject
        assert path.read_bytes() == data, f"the journal was changed; {subject}"
        if "--json" in words:
            assert json.loads(done.stdout)["exit_code"] == done.exit_code, subject

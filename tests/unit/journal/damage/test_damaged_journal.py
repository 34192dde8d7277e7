"""UnreadableLine lines of a journal are skipped with a warning, and stop no command."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import UnreadableLine
from tests.unit.journal.damage.any_json import AT, ID, random_json
from tests.unit.journal.damage.journals import read_all
from tests.unit.shop import call

pytestmark = pytest.mark.unit

RELEASE = {"at": AT, "kind": "release", "command": "deploy", "release": "7", "backups": [ID]}
LINES = {
    "a number": b"123",
    "an empty object": b"{}",
    "null": b"null",
    "a list": b"[1]",
    "a word": b"hello",
    "not UTF-8": b'{"kind": "\xff\xfe"}',
    "NUL bytes": b"\0" * 512,
    "megabytes": b"x" * 3_000_000,
    "deeply nested": b"[" * 200_000,
    "half a character": b'{"kind": "\\ud800"}',
    "a future version": b'{"format": 9, "at": "2026-03-01T12:00:00+01:00", "kind": "rolled"}',
    "no time": b'{"kind": "release", "command": "deploy"}',
    "an invalid time": b'{"kind": "release", "command": "deploy", "at": "yesterday"}',
    "no command": b'{"kind": "release", "at": "2026-03-01T12:00:00+01:00"}',
    "wrong type": b'{"kind": "release", "at": "2026-03-01T12:00:00+01:00", "command": 7}',
    "wrong type inside a list": json.dumps({**RELEASE, "backups": [7]}).encode(),
    "a kind that is an object": b'{"kind": {"a": 1}, "at": "2026-03-01T12:00:00+01:00"}',
}


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("last", [False, True])
def test_a_foreign_line_is_skipped_with_a_warning(folder: Path, line: bytes, last: bool) -> None:
    release = json.dumps(RELEASE).encode()
    path = folder / ".cosmicdeploy/journal.jsonl"
    path.write_bytes(release + b"\n" + line + (b"" if last else b"\n" + release + b"\n"))
    done = call("backup", "prune", "--plan", "--json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert {row["reason"] for row in report["data"]["backups"]} >= {"needed to roll back release 7"}
    assert one_line(done.stderr).count(f"{path}:2: ") == 1
    assert len(report["warnings"]) == 1
    assert len(done.stderr) < 1000


def test_many_foreign_lines_give_few_warnings(folder: Path) -> None:
    (folder / ".cosmicdeploy/journal.jsonl").write_text("123\n" * 5000)
    warnings = json.loads(call("backup", "prune", "--plan", "--json").stdout)["warnings"]
    assert len(warnings) == 6 and "4995 more unreadable lines" in warnings[-1]


def test_a_journal_of_any_content_is_read(tmp_path: Path) -> None:
    chance = random.Random(12)  # noqa: S311 - not secret, but reproducible
    for number in range(300):
        journal = Journal(path=tmp_path / f"{number}.jsonl")
        lines = [any_line(chance) for _ in range(chance.randrange(1, 12))]
        own = [place for place in range(len(lines)) if chance.random() < 0.3]
        for place in own:
            lines[place] = json.dumps(RELEASE).encode()
        journal.path.write_bytes(b"\n".join(lines))
        entries = list(journal.entries())
        assert len([each for each in entries if each == RELEASE]) >= len(own)
        for each in entries:
            if isinstance(each, UnreadableLine):
                assert each.line - 1 not in own and each.why
        read_all(journal)


def any_line(chance: random.Random) -> bytes:
    if chance.random() < 0.4:
        return chance.randbytes(chance.randrange(200)).replace(b"\n", b"")
    return json.dumps(random_json(chance)).encode()


def test_every_record_that_is_written_can_be_read_again(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.append("release", command="deploy", release="caf\u00e9 \udce9 \0 \u2028")
    [record] = journal.entries()
    assert not isinstance(record, UnreadableLine) and record["release"].startswith("caf\u00e9")

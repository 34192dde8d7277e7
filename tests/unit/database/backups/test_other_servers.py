"""Backups of the same project and database that were made on another database server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.context.context import Context
from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.database.tools import server_identity as identity_module
from cosmicdeploy.database.tools.server_identity import server_identity
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import DatabaseError, ForeignBackup
from cosmicdeploy.steps.backups import other_server
from cosmicdeploy.steps.backups.other_server import require_own
from tests.unit.database.backups.entries import good
from tests.unit.shop import BACKUPS, SETTINGS, EmptyEngine, call, write_stack_files

pytestmark = pytest.mark.unit

OWN, THEIRS = "20260201-120000-bbbb", "20260301-120000-cccc"
MINE, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack whose newest backup was made on another server, under the same names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    monkeypatch.setattr(Context, "database", lambda _: None)
    monkeypatch.setattr(other_server, "server_identity", lambda *_: MINE)
    write_stack_files(tmp_path)
    (tmp_path / "cosmicdeploy.yaml").write_text(
        f"{SETTINGS}project: shop\nbackup: {{keep: {{last: 1}}}}\n"
    )
    good(catalogue(tmp_path), OWN, database="shop", project="shop", server_id=MINE)
    good(catalogue(tmp_path), THEIRS, database="shop", project="shop", server_id=OTHER)
    return tmp_path


def catalogue(folder: Path) -> Catalogue:
    return Catalogue(folder / BACKUPS)


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_rollback_lists_and_uses_only_backups_of_this_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.operations.rollback_preview.open_facts", _unreachable)
    listed = call("rollback", "--json")
    assert [row["backup"] for row in json.loads(listed.stdout)["data"]] == [OWN]
    assert f"skipped {THEIRS}: it was made on another database server" in one_line(listed.stderr)
    refused = call("rollback", "--to", THEIRS, "--yes")
    assert refused.exit_code == 2
    assert f"rollback --to {THEIRS} --from-other-stack`" in one_line(refused.stderr)


def test_prune_neither_counts_nor_removes_backups_of_another_server(folder: Path) -> None:
    """If the other server's newer backup were counted, `last: 1` would keep that one."""
    rows = json.loads(call("backup", "prune", "--plan", "--json").stdout)["data"]["backups"]
    kept = {row["id"]: (row["keep"], row["reason"]) for row in rows}
    assert kept[OWN] == (True, "newest good backup, last 1 of 1")
    assert kept[THEIRS][0] and "another database server (MariaDB 10.11.19" in kept[THEIRS][1]


def test_without_an_answer_of_the_database_prune_says_what_it_does_not_know(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_server, "server_identity", _unreachable)
    planned = call("backup", "prune", "--plan", "--json")
    assert any(
        "it is not known which backups" in line for line in json.loads(planned.stdout)["warnings"]
    )


def _unreachable(*_: object) -> Any:
    raise DatabaseError("The database cannot be reached")


@pytest.mark.parametrize("reference", [OWN, "latest"])
def test_from_other_stack_needs_the_id_of_another_stacks_backup(
    folder: Path, reference: str
) -> None:
    refused = call("rollback", "--to", reference, "--from-other-stack", "--yes")
    assert refused.exit_code == 2
    message = one_line(refused.stderr)
    assert "is this stack's own" in message or "needs the id of one backup" in message


def test_from_other_stack_names_the_source_of_the_data_in_its_question(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.operations.rollback_preview.open_facts", _unreachable)
    asked = call("rollback", "--to", THEIRS, "--from-other-stack")
    message = one_line(asked.stderr)
    assert asked.exit_code == 2 and "needs a confirmation" in message
    assert "data of database 'shop' of project 'shop' on MariaDB 10.11.19-MariaDB" in message
    assert f"the data of {THEIRS} replaces this stack's, although it was made on" in message


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "add --to ID"),
        (["--to", THEIRS, "--code-only"], "excludes --migration and --code-only"),
        (["--to", THEIRS, "--migration"], "excludes --migration and --code-only"),
    ],
)
def test_from_other_stack_is_only_for_the_data_of_one_backup(
    folder: Path, words: list[str], says: str
) -> None:
    refused = call("rollback", "--from-other-stack", *words)
    assert refused.exit_code == 2 and says in one_line(refused.stderr)


@pytest.mark.parametrize("from_other_stack", [False, True])
def test_the_step_compares_the_server_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_other_stack: bool
) -> None:
    monkeypatch.setattr(other_server, "server_identity", lambda *_: MINE)
    backups = Catalogue(tmp_path, Owner(database="shop", project="shop"))
    target = good(backups, THEIRS, database="shop", project="shop", server_id=OTHER)
    ctx: Any = SimpleNamespace(
        catalogue=backups,
        engine=None,
        has_database=True,
        database=lambda: None,
        run=RunScope(from_other_stack=from_other_stack),
    )
    with (
        nullcontext()
        if from_other_stack
        else pytest.raises(ForeignBackup, match="another database server")
    ):
        require_own(ctx, target)


@pytest.mark.parametrize(
    ("variables", "printed", "exit_code", "identity"),
    [
        ([("server_uuid", "a-b"), ("datadir", "/d/")], b"", 1, "a-b"),
        ([("datadir", "/d/"), ("aria_log_dir_path", "/d/")], b" 00 11 22 33 44 55 66 77"
         b" 88 99 aa bb cc dd ee ff\n", 0, MINE),
        ([("datadir", "/d/"), ("aria_log_dir_path", "./")], b"", 1, ""),
        ([("datadir", "/d/")], b" 00 11\n", 0, ""),
    ],
)  # fmt: skip
def test_the_identity_of_a_server_comes_from_its_data_directory(
    monkeypatch: pytest.MonkeyPatch,
    variables: list[tuple[str, str]],
    printed: bytes,
    exit_code: int,
    identity: str,
) -> None:
    @contextmanager
    def opened(_: object) -> Iterator[Any]:
        yield SimpleNamespace(rows=lambda _: variables)

    def run(_: str, argv: list[str]) -> ExecResult:
        assert argv[-1] == "/d/aria_log_control"
        return ExecResult(exit_code=exit_code, stdout=printed)

    monkeypatch.setattr(identity_module, "open_session", opened)
    engine: Any = SimpleNamespace(exec=run)
    access: Any = SimpleNamespace(container_id="db")
    assert server_identity(engine, access) == identity

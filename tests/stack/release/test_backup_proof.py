"""What a deploy and a rollback prove about a backup, and which stack's data a rollback restores."""

from __future__ import annotations

import json

import pytest

from tests.stack.support.harness import StackUnderTest
from tests.stack.support.promises import acknowledged

pytestmark = [pytest.mark.stack, pytest.mark.torture]


def set_prove(stack: StackUnderTest, prove: str) -> None:
    stack.set_setting("prove: structure", f"prove: {prove}")


def test_a_deploy_proves_the_data_of_its_backup_during_the_soak(
    release_1: StackUnderTest,
) -> None:
    release_1.put_release_2()
    set_prove(release_1, "data")
    release_1.set_setting("seconds: 0", "seconds: 3")
    with acknowledged(release_1) as beats:
        done = release_1.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == []
    facts = {step["kind"]: step["facts"] for step in done.report["steps"]}
    backup = done.report["backup"]
    proof = facts["soak"]["data_proof"]
    assert (proof["backup"], proof["passed"], proof["reasons"]) == (backup, True, [])
    proven = release_1.open().catalogue.get(backup)
    assert proven.state.data and proven.state.data.passed
    # The commits of the heartbeats may spoil the dump's snapshot; then rows have no checksums.
    in_snapshot = proven.manifest.rows_counted == "snapshot"
    assert f"data {'proven' if in_snapshot else 'restored'} on" in proven.proof, proven.proof
    listed = release_1.cli("rollback", "--json").report["data"][0]
    assert listed["proof"] == proven.proof
    with release_1.database() as facts_of_database:
        rows = facts_of_database.session.rows("SHOW DATABASES LIKE '%__verify_%'")
    assert rows == []


def test_a_backup_says_how_it_was_proven(released: StackUnderTest) -> None:
    set_prove(released, "data")
    done = released.cli("backup", "create", "--json")
    assert done.code == 0, done.stderr
    assert "data" in done.report["steps"][0]["facts"]["proof"]
    assert released.open().catalogue.get("latest").state.data
    released.set_setting("prove: data", "prove: off")
    done = released.cli("backup", "create", "--json")
    assert "backup.prove is off: no backup is proven" in done.stderr
    assert "structure NOT proven" in done.report["steps"][0]["facts"]["proof"]


def test_another_stacks_data_is_restored_only_with_the_option_for_it(
    released: StackUnderTest,
) -> None:
    target = released.cli("backup", "create", "--json").report["backup"]
    path = released.open().catalogue.folder / f"{target}.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "project": "elsewhere"}))
    before = released.snapshot()
    refused = released.cli("rollback", "--to", target, "--yes")
    assert refused.code == 2 and "--from-other-stack" in refused.stderr
    path.write_text(json.dumps({**manifest, "server_id": "0" * 32}))
    refused = released.cli("rollback", "--to", target, "--yes")
    assert refused.code == 2 and "another database server" in refused.stderr
    assert released.snapshot() == before
    done = released.cli("rollback", "--to", target, "--from-other-stack", "--yes", "--json")
    assert done.code == 0, done.stderr
    facts = {step["kind"]: step["facts"] for step in done.report["steps"]}
    assert "another database server" in facts["load"]["from_other_stack"]
    assert facts["load"]["from_other_stack"] == facts["restore"]["from_other_stack"]
    run = released.open().journal.last("run")
    assert run is not None and run["command"] == "rollback --from-other-stack"
    path.unlink()

"""Every place that gives up and asks for an operator has a test of the way out that it names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.unit.cli.messages.source import PACKAGE, sources

pytestmark = pytest.mark.unit

ROOT = PACKAGE.parent
DEAD_ENDS = "stack/release/failures/test_dead_ends.py"
WAYS = "stack/release/failures/test_ways_out.py"
MIGRATIONS = "stack/release/test_migrations.py"
BY_HAND = "stack/release/failures/test_changes_by_hand.py"
TAKEN_BACK = f"{BY_HAND}::test_abort_accept_takes_what_runs_if_the_superseded_container_is_gone"
# Where `NeedsPerson` is raised → a test that causes it and takes the way out.
WAYS_OUT = {
    "context/context.py service": f"{DEAD_ENDS}::test_acceptance_succeeds",
    "operations/acceptance.py _require_clients_served": f"{WAYS}::"
    "test_what_turns_clients_away_is_finished_before_the_state_is_accepted",
    "operations/acceptance.py _require_no_swap": f"{WAYS}::"
    "test_a_rollback_is_finished_or_undone_before_the_state_is_accepted",
    "proxy/static_files/record.py read_record": "unit/steps/static_files/test_step.py::"
    "test_a_damaged_record_that_is_moved_away_is_no_obstacle",
    "runs/interrupted/interrupted.py _require_no_rollback": f"{DEAD_ENDS}::"
    "test_an_interrupted_rollback_is_undone",
    "runs/interrupted/interrupted.py require_no_unknown_data": f"{DEAD_ENDS}::"
    "test_data_that_no_record_explains_is_set_aside",
    "runs/interrupted/interrupted.py require_readable": f"{DEAD_ENDS}::"
    "test_lost_records_are_no_obstacle",
    "runs/undo/undo.py _step": f"{DEAD_ENDS}::test_acceptance_succeeds",
    "runs/undo/undo_error.py undo_failed": f"{MIGRATIONS}::"
    "test_a_half_done_migration_is_named_and_blocks_deploys",
    "runs/interrupted/undo_interrupted.py _require_all_undone": TAKEN_BACK,
    "runs/interrupted/undo_interrupted.py _require_as_before": f"{WAYS}::"
    "test_a_state_that_differs_after_an_undo_is_the_start_of_the_next_deploy",
    "steps/base.py from_record": f"{DEAD_ENDS}::test_acceptance_succeeds",
    "steps/containers/orphan_containers.py _start_orphan": f"{DEAD_ENDS}::test_acceptance_succeeds",
    "steps/rollout/replacement/undo.py _require_former": f"{DEAD_ENDS}::test_acceptance_succeeds",
    "steps/schema/down.py roll_down": f"{WAYS}::"
    "test_migrations_that_the_console_did_not_roll_back_are_rolled_back_with_force",
    "steps/schema/interrupted_migrations.py half_done_error": f"{MIGRATIONS}::"
    "test_a_schema_repaired_by_hand_can_be_resolved",
    "steps/static_files/renew.py shell_of": f"{DEAD_ENDS}::test_acceptance_succeeds",
}


def dead_ends() -> Iterator[str]:
    """Yield the file and the function of each place that raises or returns `NeedsPerson`."""
    for path, module in sources():
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef) and any(
                isinstance(node, ast.Call) and ast.unparse(node.func) == "NeedsPerson"
                for node in ast.walk(function)
            ):
                yield f"{path.relative_to(PACKAGE)} {function.name}"


def test_every_dead_end_is_enumerated() -> None:
    assert sorted({*dead_ends()}) == sorted(WAYS_OUT)


@pytest.mark.parametrize("place", WAYS_OUT)
def test_every_dead_end_has_a_test_of_its_way_out(place: str) -> None:
    file, _, name = WAYS_OUT[place].partition("::")
    assert f"def {name}(" in (ROOT / "tests" / file).read_text()

"""The payload's features, switched by files in a shared folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cosmic_app.features import FEATURES, MONITOR, RATE_LIMIT, Switches, UnknownFeature

pytestmark = pytest.mark.unit


def test_a_switch_applies_to_all_containers_that_share_the_folder(tmp_path: Path) -> None:
    first, second = Switches(tmp_path), Switches(tmp_path)
    assert first.disable(MONITOR, "ops@host") and not first.disable(MONITOR, "other@host")
    assert not second.enabled(MONITOR) and second.enabled(RATE_LIMIT)
    state = next(state for state in second.states() if not state.enabled)
    assert (state.name, state.by) == (MONITOR, "ops@host") and state.since.endswith("+00:00")
    assert second.enable(MONITOR) and not second.enable(MONITOR)
    assert first.enabled(MONITOR) and list(tmp_path.iterdir()) == []


def test_features_are_on_if_the_folder_is_missing(tmp_path: Path) -> None:
    assert Switches(tmp_path / "absent").enabled(MONITOR)
    assert all(state.enabled for state in Switches(tmp_path / "absent").states())


@pytest.mark.parametrize("content", ["", "[]", "{}", "no"])
def test_a_file_created_by_hand_turns_the_feature_off(tmp_path: Path, content: str) -> None:
    (tmp_path / f"{MONITOR}.disabled").write_text(content)
    states = {state.name: state for state in Switches(tmp_path).states()}
    assert not states[MONITOR].enabled and states[MONITOR].by == ""


def test_an_unknown_feature_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UnknownFeature, match='did you mean "rate-limit"'):
        Switches(tmp_path).disable("rate-limits", "me")


def test_a_switch_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        Switches(tmp_path / "absent").disable(MONITOR, "me")


Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_console_switches_features_and_lists_them(console: Run, tmp_path: Path) -> None:
    folder = {"FEATURES_PATH": str(tmp_path)}
    assert console("feature:disable", "monitor", "--by=ops", **folder).returncode == 0
    listed = json.loads(console("feature:list", "--json", **folder).stdout)
    assert {each["name"]: each["enabled"] for each in listed} == {
        name: name != MONITOR for name in FEATURES
    }
    assert "| switched off |" in console("schedule:list", **folder).stdout
    assert "disabled since 2" in console("feature:list", **folder).stdout
    assert "enabled" in console("feature:enable", "monitor", **folder).stdout
    bad = console("feature:enable", "monitr", **folder)
    assert bad.returncode == 1 and 'did you mean "monitor"?' in bad.stderr

"""Features: switching them by a flag file, and reading their state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CosmicError, ProbeFailed, Refused, UsageError
from cosmicdeploy.probes.application.features import parse_state, states
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.settings import load
from cosmicdeploy.steps.base import Change, Unchanged, Undecided
from cosmicdeploy.steps.commands.feature import FeatureStep
from cosmicdeploy.steps.commands.feature_flags import switch
from cosmicdeploy.steps.images.build import BuildStep

pytestmark = pytest.mark.unit

SETTINGS = """
services: {app: [web], database: db}
app: {console: [php, artisan]}
database: {name: shop}
features: {banner: {file: flags/banner.off}}
"""


@pytest.fixture
def shop(ctx: Context, tmp_path: Path) -> Context:
    """A stack with one feature, which a file on the host switches off: no engine is needed."""
    file = tmp_path / "cosmicdeploy.yaml"
    file.write_text(SETTINGS)
    (tmp_path / "flags").mkdir()
    return replace(ctx, loaded=load(file, {}))


def test_a_flag_file_is_created_once_removed_once_and_journalled(shop: Context) -> None:
    off, again = switch(shop, "banner", on=False), switch(shop, "banner", on=False)
    assert (off.changed, again.changed) == (True, False)
    assert [state.enabled for state in states(shop)] == [False]
    assert again.state.by and again.state.since
    on = switch(shop, "banner", on=True)
    assert on.changed and not list((shop.loaded.directory / "flags").iterdir())
    journalled = [(r["kind"], r["enabled"]) for r in shop.journal.records()]
    assert journalled == [
        ("switching", False), ("switched", False), ("switching", True), ("switched", True),
    ]  # fmt: skip
    assert all(record["who"] for record in shop.journal.records())


def test_a_flag_file_that_cannot_be_created_is_reported(shop: Context) -> None:
    (shop.loaded.directory / "flags").rmdir()
    with pytest.raises(CosmicError, match="flag file"):
        switch(shop, "banner", on=False)


def test_a_flag_file_that_cannot_be_read_is_reported(shop: Context) -> None:
    folder = shop.loaded.directory / "flags"
    folder.rmdir()
    folder.touch()
    [state] = states(shop)
    assert state.enabled is None
    assert "banner.off" in state.found


def test_an_unknown_feature_is_refused_with_the_nearest_name(shop: Context) -> None:
    with pytest.raises(UsageError, match="did you mean 'banner'"):
        switch(shop, "baner", on=False)
    step = FeatureStep(name="off", feature="baner", switch="off").placed("mine.yaml:3")
    with pytest.raises(Refused, match="did you mean 'banner'") as caught:  # at once, even in a plan
        step.check(shop.with_run(is_planning=True).with_steps_ahead([BuildStep(name="build")]))
    assert caught.value.where == "mine.yaml:3"


def test_a_plan_decides_a_second_switch_of_the_same_feature_later(shop: Context) -> None:
    off = FeatureStep(name="off", feature="banner", switch="off")
    on = FeatureStep(name="on", feature="banner", switch="on")
    assert [type(p.finding) for p in make_plan([off, on], shop)] == [Change, Undecided]
    assert [type(p.finding) for p in make_plan([on, off], shop)] == [Unchanged, Change]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enabled\n", True),
        ("The feature is Disabled.\n", False),
        ("0", False),
        ('[{"name": "other", "enabled": true}, {"name": "banner", "enabled": false}]', False),
        ('{"name": "banner", "enabled": true}', True),
    ],
)
def test_a_state_is_read_from_the_last_word_or_from_json(text: str, expected: bool) -> None:
    assert parse_state("banner", text).enabled is expected


@dataclass
class Console:
    """The features and the console of an application whose commands end with exit code 1."""

    output: bytes
    features: Mapping[str, Any] = field(
        default_factory=lambda: {"banner": SimpleNamespace(file=None, state=("banner:state",))}
    )

    @property
    def settings(self) -> Any:
        return SimpleNamespace(
            features=self.features, main_application=None, released_by=lambda _application: []
        )

    def any_app(self) -> Any:
        return SimpleNamespace(name="web-1")

    def run_console(self, *_: Any, **__: Any) -> ExecResult:
        return ExecResult(exit_code=1, stdout=self.output)


@pytest.mark.parametrize(
    ("output", "expected"),
    [(b"", "exit code 1"), (b"\n no such command\nusage", "exit code 1: no such command")],
)
def test_the_reason_of_an_unknown_state_is_the_first_line_of_the_output(
    output: bytes, expected: str
) -> None:
    (state,) = states(cast(Context, Console(output)))
    assert state.enabled is None and state.found.endswith(expected)


@pytest.mark.parametrize("text", ["", "perhaps", "[]", "7", json.dumps([{"name": "x"}]), "{"])
def test_output_without_a_state_is_reported(text: str) -> None:
    with pytest.raises(ProbeFailed, match="does not say"):
        parse_state("banner", text)

"""In a stack without a database, the step `backup` keeps the images of the running containers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import releases
from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.journal.unfinished.interrupted_run import Intent, InterruptedRun
from cosmicdeploy.steps.backups.backup import BackupStep
from cosmicdeploy.steps.base import Change, Unchanged
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

STEP = BackupStep(name="backup", when="always")


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stack without a database, which runs release 1 in one container."""
    tags: set[str] = set()
    monkeypatch.setattr(releases, "release_of", lambda *_: "1")
    return SimpleNamespace(
        catalogue=Catalogue(tmp_path, Owner(database="", project="shop")),
        container=lambda _name: SimpleNamespace(image_id="sha256:1a2b", service="app"),
        engine=SimpleNamespace(
            tag=lambda _image, tag: tags.add(tag),
            image=lambda tag: tag if tag in tags else None,
            tags=tags,
        ),
        digests_of=lambda _images: {},
        has_database=False,
        run=RunScope(),
        settings=settings_of({"app": ["app"]}),
        stack=SimpleNamespace(
            project="shop", services={"app": SimpleNamespace(compose_name="app")}
        ),
        unassigned_containers=lambda: [],
    )


def test_the_images_that_run_are_kept_once(ctx: Any) -> None:
    change = STEP.check(ctx)
    assert isinstance(change, Change)
    assert change.summary == "keep the images of release 1: the stack has no database"
    kept = STEP.apply(ctx, change)["backup"]
    assert ctx.engine.tags == {"cosmicdeploy/shop:1a2b"}
    manifest = ctx.catalogue.get(kept).manifest
    assert (manifest.release, manifest.images) == ("1", {"app": "sha256:1a2b"})
    assert (manifest.releases, manifest.release_text) == ({"app": "1"}, "1")
    again = STEP.check(ctx)
    assert isinstance(again, Unchanged) and again.facts == {"backup": kept}


def test_the_same_images_are_kept_again_for_another_release(
    ctx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two releases may differ only in their variables."""
    STEP.apply(ctx, Change(summary="keep"))
    monkeypatch.setattr(releases, "release_of", lambda *_: "2")
    change = STEP.check(ctx)
    assert isinstance(change, Change) and "of release 2" in change.summary


def test_images_are_kept_again_if_their_tag_is_gone(ctx: Any) -> None:
    STEP.apply(ctx, Change(summary="keep"))
    ctx.engine.tags.clear()
    assert isinstance(STEP.check(ctx), Change)


def test_a_stack_that_does_not_run_keeps_nothing(ctx: Any) -> None:
    ctx.container = lambda _name: None
    finding = STEP.check(ctx)
    assert isinstance(finding, Unchanged) and "nothing runs" in finding.reason


def test_a_resumed_deploy_keeps_what_ran_before_the_first_run(ctx: Any) -> None:
    """Some of the containers that run now may be of the new release."""
    begun = Intent(
        name="backup", kind="backup", options={}, summary="", before={}, done=True,
        facts={"backup": "20260301-120000-aaaa"},
    )  # fmt: skip
    killed = InterruptedRun(
        id="a", command="deploy", at="", who="", pid=1, release="2", target=None, state={},
        intents=[begun],
    )  # fmt: skip
    ctx.run = RunScope(resumed_runs=[killed])
    finding = STEP.check(ctx)
    assert isinstance(finding, Unchanged)
    assert finding.facts == {"backup": "20260301-120000-aaaa"}

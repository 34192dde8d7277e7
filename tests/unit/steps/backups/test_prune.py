"""Which backups, images and copies a prune removes, and which it keeps."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.retention import RetentionPolicy
from cosmicdeploy.database.copies.copies import Copies
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.errors import EngineError
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.unfinished.interrupted_run import Intent, InterruptedRun
from cosmicdeploy.lock import Lock
from cosmicdeploy.runs.execute import record_release
from cosmicdeploy.steps.backups.prune import half_removed, prune, prune_plan
from tests.unit.database.backups.entries import good

pytestmark = pytest.mark.unit

IDS = [f"2026030{day}-120000-aaaa" for day in (5, 4, 3, 2, 1)]
NEWEST, OLDEST = IDS[0], IDS[-1]


class Tags:
    """An engine that has the tagged image of each backup; it cannot untag while `broken`."""

    def __init__(self) -> None:
        self.tags = {f"cosmicdeploy/shop:{backup_id[6:8]}" for backup_id in IDS}
        self.used: list[str] = []
        self.used_elsewhere: list[str] = []
        # Tag of a release → image id.
        self.releases: dict[str, str] = {}
        self.broken = False

    def image(self, reference: str) -> object:
        named = self.releases.get(reference, reference)
        return SimpleNamespace(id=named) if reference in (*self.tags, *self.releases) else None

    def untag(self, reference: str) -> None:
        if self.broken:
            raise EngineError("no answer")
        if self.releases.pop(reference, None) is None:
            self.tags.remove(reference)

    def containers_of_images(self, images: set[str], except_project: str) -> list[str]:
        assert except_project == "shop"
        return [image_id for image_id in self.used_elsewhere if image_id in images]

    def containers(self, _project: str) -> list[Any]:
        return [SimpleNamespace(image_id=image_id) for image_id in self.used]


@pytest.fixture
def ctx(tmp_path: Path) -> Any:
    """A stack with five backups, each with its own image, and a policy that keeps one."""
    catalogue = Catalogue(tmp_path / "backups")
    for backup_id in IDS:
        path = good(catalogue, backup_id).data.with_name(f"{backup_id}.json")
        path.write_text(
            path.read_text().replace('"images": {}', f'"images": {{"app": "{image(backup_id)}"}}')
        )
    backup = SimpleNamespace(
        keep=RetentionPolicy(last=1, releases=2), copies=(Destination(url="nas"),)
    )
    return SimpleNamespace(
        catalogue=catalogue,
        engine=Tags(),
        journal=Journal(path=tmp_path / "journal.jsonl"),
        settings=SimpleNamespace(backup=backup),
        stack=SimpleNamespace(
            project="shop", services={"app": SimpleNamespace(image="shop/app:5")}
        ),
        loaded=SimpleNamespace(directory=tmp_path),
    )


def image(backup_id: str) -> str:
    return f"sha256:{backup_id[6:8]}"


def record_release_of(
    ctx: Any, backup_id: str | None, command: str = "deploy", **facts: Any
) -> None:
    ctx.journal.append("release", command=command, release="7", backup=backup_id, **facts)


def remaining(ctx: Any) -> list[str]:
    return [backup.id for backup in ctx.catalogue.list()]


def test_images_are_untagged_unless_a_backup_or_a_container_needs_them(ctx: Any) -> None:
    ctx.engine.used = [image(IDS[1])]
    pruned = prune(ctx)
    assert pruned.backups == tuple(IDS[1:])
    assert remaining(ctx) == [NEWEST]
    assert ctx.engine.tags == {"cosmicdeploy/shop:05", "cosmicdeploy/shop:04"}
    assert pruned.warnings == ()


def test_tags_of_former_releases_are_removed_with_their_images(ctx: Any) -> None:
    """A release may be a tag of a registry, which a deploy pulls and nothing else removes."""
    old = image(OLDEST)
    releases = {
        "shop/app:1": old,  # pulled
        "shop/web:1": old,  # built
        "shop/app:stable": old,  # set by an operator
        "shop/app:2": image(NEWEST),  # has moved
        "shop/app:5": old,  # in the compose file
    }
    ctx.engine.releases = releases | {"shop/app:3": image(IDS[2])}  # runs in another project
    ctx.engine.used_elsewhere = [image(IDS[2])]
    pulled = dict.fromkeys(("shop/app:1", "shop/app:2", "shop/app:5", f"shop/app@{old}"), old)
    pulled["shop/app:3"] = image(IDS[2])
    for kind, images in (("pull", pulled), ("build", {"shop/web:1": old})):
        ctx.journal.append("done", step=kind, step_kind=kind, facts={"images": images})
    prune(ctx)
    remaining_tags = {"shop/app:stable", "shop/app:2", "shop/app:5", "shop/app:3"}
    assert ctx.engine.releases.keys() == remaining_tags


def test_the_backups_of_the_last_releases_are_kept(ctx: Any) -> None:
    for backup_id in reversed(IDS[2:]):
        record_release_of(ctx, backup_id)
    record_release_of(ctx, None, command="up")
    record_release_of(ctx, NEWEST, command="backup create")
    prune(ctx)
    assert remaining(ctx) == [NEWEST, IDS[2], IDS[3]]
    reasons = {d.backup.id: d.reason for d in prune_plan(ctx)}
    assert reasons[IDS[3]] == "needed to roll back release 7"


def test_all_backups_of_a_resumed_deploy_are_kept(
    ctx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run was killed before it migrated, so the second created another backup."""
    of_first, of_second = IDS[3], IDS[2]
    begun = Intent(
        name="backup",
        kind="backup",
        options={},
        summary="",
        before={},
        done=True,
        facts={"backup": of_first},
    )
    first = InterruptedRun(
        id="a",
        command="deploy",
        at="",
        who="",
        pid=1,
        release="7",
        target=None,
        state={},
        intents=[begun],
    )
    ctx.run, ctx.lock = RunScope(resumed_runs=[first]), Lock()
    ctx.settings.services = SimpleNamespace(proxy=None, deployed=(), released=())
    ctx.digests_of = lambda _: {}
    monkeypatch.setattr("cosmicdeploy.runs.execute.running_release", lambda _: "7")
    record_release(ctx, RunCommand(line="deploy", kind=RunKind.DEPLOY), of_second)
    record_release_of(ctx, NEWEST)
    prune(ctx)
    assert remaining(ctx) == [NEWEST, of_second, of_first]


def test_images_of_the_last_releases_are_kept(ctx: Any) -> None:
    record_release_of(ctx, NEWEST, images={"app": image(OLDEST)})
    prune(ctx)
    assert "cosmicdeploy/shop:01" in ctx.engine.tags


def test_no_backup_is_removed_while_a_rollback_is_unfinished(ctx: Any) -> None:
    begun = {"who": "me", "pid": 1, "release": "7", "target": IDS[3], "state": {}}
    ctx.journal.of_run("a1").append("run", command="rollback", **begun)
    assert prune(ctx).backups == ()
    assert remaining(ctx) == IDS


def test_only_the_agreed_backups_are_removed(ctx: Any) -> None:
    assert prune(ctx, [OLDEST, NEWEST]).backups == (OLDEST,)


def test_a_backup_in_use_is_kept_and_reported(ctx: Any) -> None:
    with ctx.catalogue.in_use(ctx.catalogue.get(OLDEST)):
        [warning] = prune(ctx).warnings
    assert OLDEST in warning
    assert remaining(ctx) == [NEWEST, OLDEST]


def test_the_next_prune_finishes_an_unfinished_removal(ctx: Any) -> None:
    ctx.engine.broken = True
    failed = prune(ctx)
    assert (failed.backups, len(failed.warnings)) == ((), 4)
    assert remaining(ctx) == [NEWEST]
    assert half_removed(ctx) == sorted(IDS[1:])
    ctx.engine.broken = False
    finished = prune(ctx)
    assert (finished.backups, finished.warnings) == (tuple(IDS[1:]), ())
    assert half_removed(ctx) == []
    assert ctx.engine.tags == {"cosmicdeploy/shop:05"}


def test_a_copy_at_a_destination_no_longer_configured_is_reported(ctx: Any, tmp_path: Path) -> None:
    [destination] = ctx.settings.backup.copies
    Copies(ctx.catalogue, [destination], tmp_path).copy(ctx.catalogue.get(OLDEST), destination)
    ctx.settings.backup.copies = ()
    [warning] = prune(ctx).warnings
    assert "no longer name" in warning
    assert half_removed(ctx) == [OLDEST]
    ctx.settings.backup.copies = (destination,)
    assert prune(ctx).warnings == ()
    assert list((tmp_path / "nas").iterdir()) == []

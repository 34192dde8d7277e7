"""How often a rollout looks up each container."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.settings import Restart
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.rollout.replacement import replace as replacing
from cosmicdeploy.steps.rollout.replacement.executor import Rollout
from tests.unit.settings_of import settings_of

APPS, WORKER = ("app-1", "app-2", "app-3"), "queue"


@dataclass
class CountingEngine:
    """Keeps containers by id, and counts how often each is looked up by name and by id."""

    containers_by_id: dict[str, Container] = field(default_factory=dict)
    by_name: Counter[str] = field(default_factory=Counter)
    by_id: Counter[str] = field(default_factory=Counter)
    commands: list[str] = field(default_factory=list)

    def container(self, key: str) -> Container | None:
        if key in self.containers_by_id:
            self.by_id[key] += 1
            return self.containers_by_id[key]
        self.by_name[key] += 1
        return next((c for c in self.containers_by_id.values() if c.name == key), None)

    def containers(self, _project: str, _except_names: object = ()) -> list[Container]:
        return [c for c in self.containers_by_id.values() if "-before-" in c.name]

    def image(self, _reference: str) -> Image:
        return Image(id="sha256:" + "2" * 64)

    def create(self, service: Service, *, name: str, **_options: Any) -> str:
        self.containers_by_id[f"new-{service.name}"] = container(
            service.name, id=f"new-{service.name}", name=name, status="created", image_id="2"
        )
        return f"new-{service.name}"

    def exec(self, container_id: str, _argv: Sequence[str]) -> ExecResult:
        self.commands.append(f"exec {container_id}")
        return ExecResult(exit_code=1)

    def rename(self, container_id: str, name: str) -> None:
        self._change(container_id, name=name)

    def start(self, container_id: str) -> None:
        self._change(container_id, status="running")

    def stop(self, container_id: str, _grace: float) -> None:
        self.commands.append(f"stop {container_id}")
        self._change(container_id, status="exited")

    def remove(self, container_id: str) -> None:
        del self.containers_by_id[container_id]

    def _change(self, container_id: str, **changes: Any) -> None:
        self.containers_by_id[container_id] = replace(
            self.containers_by_id[container_id], **changes
        )


def container(service: str, **more: Any) -> Container:
    return Container(
        **{
            "id": f"old-{service}",
            "name": service,
            "service": service,
            "project": "p",
            "image_id": "1",
            "status": "running",
            "addresses": {"net": "172.20.0.9"},
            **more,
        }
    )


def rollout(
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
    restart: Restart,
    names: Sequence[str],
    *,
    reason: str = "another image runs",
    **options: Any,
) -> CountingEngine:
    monkeypatch.setattr(replacing, "container_labels", lambda *_: {})
    engine = CountingEngine({f"old-{name}": container(name) for name in names})
    settings = settings_of({"app": APPS, "worker": [WORKER]}).model_copy(
        update={"restart": restart}
    )
    stack: Any = SimpleNamespace(
        project="p",
        services={n: Service(name=n, container_name=n, image="i") for n in names},
        networks={},
    )
    loaded: Any = SimpleNamespace(settings=settings)
    any_engine: Any = engine
    ctx = replace(ctx, engine=any_engine, stack=stack, loaded=loaded)
    Rollout(ctx, dict.fromkeys(names, reason), **options).in_batches()
    return engine


def settings(**keys: Any) -> Restart:
    return Restart.model_validate({"pause": 0, **keys}).model_copy(update={"passes": 0})


# To see whether it serves (at the start) and for its own replacement.
EACH_REPLICA = dict.fromkeys(APPS, 2)
# To see that it is ready; again before each later batch, and at the end.
LOOKED_AT = {"app-1": 1 + 2 + 1, "app-2": 1 + 1 + 1, "app-3": 1 + 1, WORKER: 1 + 1}


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_a_container_is_looked_up_once_for_its_replacement(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    ordered = settings(order={"app": order, "worker": order})
    engine = rollout(ctx, monkeypatch, ordered, (*APPS, WORKER))
    own = {name: count for name, count in engine.by_name.items() if "-next-" not in name}
    assert own == {**EACH_REPLICA, WORKER: 1}
    assert engine.by_id == {f"new-{name}": count for name, count in LOOKED_AT.items()}


def test_a_container_is_looked_up_once_for_its_restart_in_place(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = rollout(ctx, monkeypatch, settings(), (*APPS, WORKER), in_place=True)
    # Whether another replica serves is looked up before each batch.
    assert engine.by_name == {**dict.fromkeys(APPS, 2 + len(APPS)), WORKER: 1}
    assert engine.by_id == {f"old-{name}": count for name, count in LOOKED_AT.items()}

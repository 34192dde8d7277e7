"""A stack of three replicas behind a proxy, with scripted answers to commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from cosmicdeploy.engine.facts import Container, ExecResult
from tests.unit.settings_of import settings_of

APPS = ("app-1", "app-2", "app-3")
PROXY = "172.20.0.9"


def container(name: str, address: str, **more: Any) -> Container:
    return Container(
        **{
            "id": name,
            "name": name,
            "service": name,
            "project": "p",
            "image_id": "sha256:1",
            "status": "running",
            "addresses": {"net": address},
            **more,
        }
    )


@dataclass
class ScriptedEngine:
    """An engine that answers commands by container and first word, and records all commands."""

    containers: dict[str, Container]
    answers: dict[tuple[str, str], str] = field(default_factory=dict)
    failing: set[tuple[str, str]] = field(default_factory=set)
    commands: list[tuple[str, Sequence[str]]] = field(default_factory=list)

    def container(self, name: str) -> Container | None:
        return self.containers.get(name)

    def subnets(self) -> list[str]:
        return ["172.20.0.0/16"]

    def exec(self, container_id: str, argv: Sequence[str]) -> ExecResult:
        self.commands.append((container_id, argv))
        key = (container_id, argv[0])
        code, text = int(key in self.failing), self.answers.get(key, "")
        return ExecResult(exit_code=code, stdout=text.encode(), stderr=text.encode())


def stack(
    make: Callable[..., Any],
    engine: ScriptedEngine,
    *,
    out: str | None = "/run/out/{service}",
    pause: float = 0,
    max_unavailable: int = 1,
) -> Any:
    """Return the context of three replicas behind a proxy; `make` creates it from its fields."""
    settings = settings_of(
        {"app": APPS, "proxy": "proxy"},
        proxy={"out_of_service": out},
        restart={"pause": pause, "max_unavailable": max_unavailable},
    )
    declared = {name: _service(name) for name in (*APPS, "proxy")}
    return make(
        loaded=SimpleNamespace(settings=settings),
        stack=SimpleNamespace(services=declared, project="p"),
        engine=engine,
    )


def replicas_and_proxy(**more: Any) -> dict[str, Container]:
    apps = {name: container(name, f"172.20.0.{n}", **more) for n, name in enumerate(APPS, 1)}
    return {**apps, "proxy": container("proxy", PROXY)}


def _service(name: str) -> Any:
    return SimpleNamespace(
        name=name,
        compose_name=name,
        deploy=SimpleNamespace(update=None),
        container_name=name,
        image=f"shop/{name}",
        entrypoint=None,
        command=None,
        environment={},
        labels={},
        ports=(),
        ipc=None,
        networks=(),
        mounts=(),
        stop_signal=None,
        stop_grace_period=1.0,
    )

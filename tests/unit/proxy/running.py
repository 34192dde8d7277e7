"""A stack of replicas behind a proxy whose answers are functions of the state of a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from tests.unit.proxy.engine import PROXY, container, stack

# The answer to a command in a container: its output, or its exit code if it fails.
Answer = Callable[[Sequence[str]], str | int]
STAT = "{} ({}) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0\n"


@dataclass
class RunningEngine:
    """Containers by name, files of the proxy, and a function that answers its commands."""

    by_name: dict[str, Container]
    answer: Answer
    files: dict[str, str] = field(default_factory=dict)
    program: str = "haproxy"
    arguments: Sequence[str] = ()
    commands: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    # Called for each command in a replica.
    in_replica: Callable[[str, Sequence[str]], str | int] = lambda _name, _argv: ""

    def container(self, reference: str) -> Container | None:
        ids = {each.id: each for each in self.by_name.values()}
        return self.by_name.get(reference) or ids.get(reference)

    def containers(self, _project: str, except_names: Sequence[str] = ()) -> list[Container]:
        return [each for name, each in self.by_name.items() if name not in except_names]

    def leftovers(self, _project: str) -> list[Container]:
        return []

    def subnets(self) -> list[str]:
        return ["172.20.0.0/16"]

    def read_file(self, container_id: str, path: str) -> bytes | None:
        text = self.files.get(path) if container_id == "proxy" else None
        return None if text is None else text.encode()

    def exec(self, container_id: str, argv: Sequence[str], **_: object) -> ExecResult:
        self.commands.append((container_id, argv))
        if argv[0] == "cat" and argv[-1].endswith("/cmdline"):
            return ExecResult(exit_code=0, stdout=b"\0".join(w.encode() for w in self.arguments))
        if argv[:2] == ["sh", "-c"] and "/stat" in argv[2]:
            name = self.program if container_id == "proxy" else "app"
            return ExecResult(exit_code=0, stdout=STAT.format(1, name).encode())
        answered = (
            self.answer(argv) if container_id == "proxy" else self.in_replica(container_id, argv)
        )
        if isinstance(answered, int):
            return ExecResult(exit_code=answered)
        return ExecResult(exit_code=0, stdout=answered.encode())

    def move(self, name: str, address: str) -> None:
        """Replace a replica's container by one at another address."""
        self.by_name[name] = container(name, address, id=f"new-{name}")

    def supersede(self, name: str, address: str) -> Container:
        """Start a new container of a replica at this address; return the superseded one."""
        old = replace(self.by_name[name], name=f"{name}-before-0123abcd")
        self.by_name[old.name] = old
        self.move(name, address)
        return old


def running_stack(ctx: Context, engine: RunningEngine, **options: Any) -> Any:
    """Return the context of three replicas behind the engine's proxy, which sleeps for no time."""
    return stack(lambda **fields: replace(ctx, **fields), engine, out=None, **options)  # type: ignore[arg-type]


def replicas(**more: Any) -> dict[str, Container]:
    """Return three replicas and the proxy, by name."""
    apps = {f"app-{n}": container(f"app-{n}", f"172.20.0.{n}", **more) for n in (1, 2, 3)}
    return {**apps, "proxy": container("proxy", PROXY)}

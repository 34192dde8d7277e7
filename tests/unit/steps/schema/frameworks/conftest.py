"""An application whose migrations a framework runs: its schema, and what its commands print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.database.schema.tables.shape import Shape
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.steps.schema import (
    admission,
    down,
    first_migrations,
    interrupted_migrations,
    pending,
)
from cosmicdeploy.steps.schema.asking import listing, statements
from tests.unit.steps.schema.in_memory import Schema, opens

# What a command prints, or what else it does.
Answer = str | ExecResult | Callable[[Sequence[str]], ExecResult]


@dataclass
class Application:
    """`answers` maps the beginning of a command, without the program, to its output."""

    framework: Framework
    schema: Schema
    ctx: Any
    answers: dict[str, Answer] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def run(self, _ctx: object, command: Sequence[str]) -> ExecResult:
        line = " ".join(command)
        self.commands.append(line)
        for beginning, answer in self.answers.items():
            if beginning in line:
                result = answer(command) if callable(answer) else answer
                if isinstance(result, str):
                    return ExecResult(exit_code=0, stdout=result.encode())
                return result
        raise AssertionError(f"unexpected command: {line}")

    def recorded(self, *names: str) -> None:
        """Let these be the migrations in the framework's table."""
        assert self.framework.bookkeeping
        self.schema.tables[self.framework.bookkeeping.table] = list(names)


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | Framework], Application]:
    def with_framework(chosen: str | Framework) -> Application:
        known = framework(chosen) if isinstance(chosen, str) else chosen
        schema = Schema(tables={"articles": ["a row"]})
        ctx = SimpleNamespace(
            framework=known,
            database=lambda: None,
            require_database=lambda *_: SimpleNamespace(name="shop"),
            image_of=lambda _service: SimpleNamespace(id="new"),
            lookup_cache=LookupCache(),
            run=RunScope(),
            say=lambda text: None,
            why_no_migrations="",
            journal=None,
            settings=SimpleNamespace(
                services=SimpleNamespace(app=("web",)),
                migrate=SimpleNamespace(allow=(), service=None),
            ),
        )
        application = Application(framework=known, schema=schema, ctx=ctx)
        opened = opens(schema, known.bookkeeping)
        asking = (listing, statements, admission)
        for module in (*asking, down, first_migrations, interrupted_migrations):
            monkeypatch.setattr(module, "open_facts", opened)
        monkeypatch.setattr(listing, "asked", application.run)
        monkeypatch.setattr(statements, "asked", application.run)
        monkeypatch.setattr(down, "changed_by", application.run)
        monkeypatch.setattr(down, "short_lock_wait", lambda *_: nullcontext())
        monkeypatch.setattr(down, "lock_wait_before", lambda _ctx: None)
        monkeypatch.setattr(pending, "live_shape", lambda _ctx: Shape())
        return application

    return with_framework

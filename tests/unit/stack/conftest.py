"""Compose files given as text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Service, Stack


@pytest.fixture
def stack_of(tmp_path: Path) -> Callable[..., Stack]:
    """Return a function that reads a compose file given as text, in the folder `Shop`."""
    directory = tmp_path / "Shop"
    directory.mkdir()

    def read(text: str, env: str = "", **environ: str) -> Stack:
        file, env_file = directory / "compose.yml", directory / ".env"
        file.write_text(text, encoding="utf-8")
        env_file.write_text(env, encoding="utf-8")
        return read_stack(file, env_file=env_file, environ={"HOME": "/home/op", **environ})

    return read


@pytest.fixture
def service_of(stack_of: Callable[..., Stack]) -> Callable[..., Service]:
    """Return a function that reads a service `web`, given by its keys as text.

    The file also declares the volume `data` and the networks `front` and `back`.
    """

    def read(keys: str, **environ: str) -> Service:
        lines = "".join(f"    {line}\n" for line in ["image: web", *keys.splitlines()])
        rest = "volumes:\n  data:\nnetworks:\n  front:\n  back: {name: real-back}\n"
        return stack_of(f"services:\n  web:\n{lines}{rest}", **environ).services["web"]

    return read

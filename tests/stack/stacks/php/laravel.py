"""A stack with a real Laravel application.

Its sources are in `tests/laravel`; the framework comes from the distribution's packages. The
deployer knows the application only from its `cosmicdeploy.yaml` and compose file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.layout import SOURCES
from tests.stack.support.harness import IMAGES, ROOT, StackUnderTest, lay_out_release_1, running

HERE = ROOT / "tests" / "laravel"
LARAVEL_IMAGES = IMAGES.with_name("images-laravel.env")


class LaravelStack(StackUnderTest):
    """The shipped stack with a Laravel application in its containers."""

    def put_release_2(self) -> None:
        """Copy the files of release 2 over the sources, and set APP_VERSION to 2."""
        shutil.copytree(HERE / "release-2", self.folder / SOURCES, dirs_exist_ok=True)
        self.set_variable("APP_VERSION", "2")

    def inside(self, service: str, *argv: str, user: str = "") -> ExecResult:
        """Run a command in a container, as `docker exec` does."""
        ctx = self.open()
        return ctx.engine.exec_as(user, ctx.running(service).id, argv)

    def log(self, service: str) -> Path:
        """Return the path of a service's log on the host."""
        return self.folder / "data-kiosk" / "logs" / service / "laravel.log"


def lay_out_laravel(folder: Path) -> LaravelStack:
    """Lay out the shipped stack, with release 1 of the Laravel application in place of its own."""
    assert LARAVEL_IMAGES.is_file(), f"{LARAVEL_IMAGES} is missing: run `make images-laravel`"
    stack = LaravelStack(lay_out_release_1(folder).folder)
    shutil.rmtree(folder / SOURCES)
    shutil.copytree(HERE / "app", folder / SOURCES)
    for name in ("docker-compose.prod.yml", "cosmicdeploy.yaml"):
        shutil.copy(HERE / name, folder / name)
    with (folder / ".env").open("a") as env:
        env.write(LARAVEL_IMAGES.read_text())
    stack.set_setting("seconds: 15", "seconds: 0")
    return stack


@contextmanager
def laravel_stack(folder: Path) -> Iterator[LaravelStack]:
    """Run release 1 of the Laravel application; remove the stack at the end."""
    stack = lay_out_laravel(folder)
    with running(stack):
        yield stack

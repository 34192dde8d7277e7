"""A stack with a real Laravel application in it: the sources of `tests/laravel`, the framework of
the distribution's packages. All that tells the deployer of it is its `cosmicdeploy.yaml`."""

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
    """As the shipped stack, but for what its containers run."""

    def put_release_2(self) -> None:
        """What `git pull` brings."""
        shutil.copytree(HERE / "release-2", self.folder / SOURCES, dirs_exist_ok=True)
        self.set_variable("APP_VERSION", "2")

    def inside(self, service: str, *argv: str, user: str = "") -> ExecResult:
        """A command in a service's container, as `docker exec` runs it."""
        ctx = self.open()
        return ctx.engine.exec_as(user, ctx.running(service).id, argv)

    def log(self, service: str) -> Path:
        """What the application writes there, as the host sees it."""
        return self.folder / "data-kiosk" / "logs" / service / "laravel.log"


def lay_out_laravel(folder: Path) -> LaravelStack:
    """Release 1, in the place of the shipped application."""
    assert LARAVEL_IMAGES.is_file(), "the base image is not there: run `make images-laravel`"
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
    """Release 1, up and seeded, and gone afterwards."""
    stack = lay_out_laravel(folder)
    with running(stack):
        yield stack

"""What the engine shows of a stack; nothing, with the reason, if no engine answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosmicdeploy.engine import Container, Engine, Image, connect
from cosmicdeploy.errors import EngineError, EngineUnavailable


class EngineView:
    """Reads containers and images; never raises, and keeps the first error in `problem`."""

    def __init__(self, engine: Engine | None, problem: str = "") -> None:
        self._engine = engine
        self._images: dict[str, Image | None] = {}
        self.problem = problem

    @property
    def is_there(self) -> bool:
        """Whether an engine has answered all requests so far."""
        return self._engine is not None

    def image(self, reference: str) -> Image | None:
        """Return an image; None if the engine does not have it."""
        if reference not in self._images:
            self._images[reference] = self._found_image(reference)
        return self._images[reference]

    def containers(self, project: str) -> Sequence[Container]:
        """Return the containers of a project, running or not."""
        if self._engine is None:
            return ()
        try:
            return self._engine.containers(project)
        except EngineError as error:
            self._give_up(error)
            return ()

    def running_in(self, folder: Path) -> Sequence[Container]:
        """Return the running containers that Compose created from a folder, of any project."""
        if self._engine is None:
            return ()
        try:
            return self._engine.containers_of_folder(folder, except_project="")
        except EngineError as error:
            self._give_up(error)
            return ()

    def _found_image(self, reference: str) -> Image | None:
        if self._engine is None or reference in ("", "scratch"):
            return None
        try:
            return self._engine.image(reference)
        except EngineUnavailable as error:
            self._give_up(error)
        except EngineError:  # such as for a name that no image can have
            pass
        return None

    def _give_up(self, error: EngineError) -> None:
        self._engine, self.problem = None, error.what


def open_engine_view() -> EngineView:
    """Connect to the engine that the docker command would use, if it answers."""
    try:
        return EngineView(connect())
    except EngineError as error:
        return EngineView(None, error.what)

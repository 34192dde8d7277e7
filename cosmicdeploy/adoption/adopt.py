"""Write `cosmicdeploy.yaml` for the stack in a folder, from what its files and the engine show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.adoption.facts import Mark, Note, Setting
from cosmicdeploy.adoption.proposal.propose import propose
from cosmicdeploy.adoption.proposal.roles import ServiceRole, service_roles
from cosmicdeploy.adoption.reading.declared import shown_path
from cosmicdeploy.adoption.reading.engine_view import EngineView, open_engine_view
from cosmicdeploy.adoption.reading.opening import Opened, StackChoice, open_folder
from cosmicdeploy.adoption.writing.yaml_text import render
from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.atomic import write_new
from cosmicdeploy.files.yaml_reader import read_text
from cosmicdeploy.settings.loading import FILE_NAME, load_document
from cosmicdeploy.text.formatting import counted
from cosmicdeploy.workspace import stack_of

# Other users may read the file: it names the variables of secrets, never a secret itself.
MODE = 0o644
# The kinds of notes that stand in the file too.
IN_FILE = ("does not hold", "not recognized")


@dataclass(frozen=True)
class Adoption:
    """The settings for a stack, as data and as the text of their file.

    `services` has the role of each service and the evidence for it. `read` names what was read.
    """

    file: Path
    text: str
    settings: Sequence[Setting]
    notes: Sequence[Note]
    services: Sequence[ServiceRole]
    read: Sequence[str]

    def marked(self, mark: Mark) -> list[Setting]:
        """Return the settings with this mark."""
        return [each for each in self.settings if each.mark == mark]


def require_no_settings(folder: Path) -> None:
    """Raise `UsageError` if the folder has a `cosmicdeploy.yaml`, or anything else of that name."""
    file = folder / FILE_NAME
    if file.exists() or file.is_symlink():
        raise UsageError(
            f"{FILE_NAME} already exists",
            where=str(file),
            todo="`cosmicdeploy adopt --print` prints a new one and changes nothing; to replace the"
            " file, move it away first",
        )


def adopt(choice: StackChoice, engine: EngineView | None = None) -> Adoption:
    """Return the settings for the stack in a folder; writes nothing.

    The text is validated as any command would read it. `engine` is by default the one that the
    docker command would use. Raises `ConfigError` if the compose file cannot be used, or if no
    service of it can be deployed.
    """
    opened = open_folder(choice, engine or open_engine_view())
    proposal = propose(opened, choice.applications)
    text = render(proposal.settings, [each for each in proposal.notes if each.kind in IN_FILE])
    file = choice.folder / FILE_NAME
    loaded, stack = stack_of(load_document(read_text(file, text), choice.environ))
    return Adoption(
        file=file,
        text=text,
        settings=proposal.settings,
        notes=proposal.notes,
        services=service_roles(loaded.settings, stack, proposal.evidence),
        read=_read(opened),
    )


def write(adoption: Adoption) -> None:
    """Write the settings to their file, whole or not at all; never replaces a file.

    Raises `UsageError` if the file exists by now, or if it cannot be created.
    """
    try:
        write_new(adoption.file, adoption.text, mode=MODE)
    except OSError as error:
        require_no_settings(adoption.file.parent)
        raise UsageError(
            f"{FILE_NAME} cannot be created: {error.strerror}",
            where=str(adoption.file),
            todo="make the folder writable, or write the output of `cosmicdeploy adopt --print` to"
            " a file elsewhere",
        ) from None


def _read(opened: Opened) -> list[str]:
    """Return the names of the compose files, and how much the engine showed."""
    survey = opened.survey
    files = [shown_path(str(each), survey.folder) for each in opened.files.files]
    if not survey.engine.is_there:
        return files
    running = sum(map(len, survey.containers.values()))
    names = {each.image for each in survey.services.values()}
    images = sum(survey.engine.image(name) is not None for name in names)
    return [*files, counted(running, "container"), counted(images, "image")]

"""Decide how the Dockerfile and the context are packed into one archive for BuildKit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cosmicdeploy.engine.building.context.archive import packed
from cosmicdeploy.engine.building.dockerfile.rewrite import CannotRewrite, copying_all, rewritten
from cosmicdeploy.engine.building.frontend import frontend
from cosmicdeploy.engine.building.recipe import Recipe

_DOCKERFILE = ".cosmicdeploy.dockerfile"
_FOLDER = ".cosmicdeploy.context"


@dataclass(frozen=True)
class Packing:
    """The form of an archive for BuildKit.

    `dockerfile` is the Dockerfile's name in the archive. `texts` maps the names of additional files
    to their content. If `folder` is not "", the archive contains the context a second time, in a
    folder of that name.
    """

    recipe: Recipe
    dockerfile: str
    texts: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""

    def archive(self) -> Iterator[bytes]:
        return packed(self.recipe.source.files, self.texts, self.folder)

    def as_written(self, line: str) -> str:
        """Return a line of the builder's output as if the instructions had not been changed.

        The line has "." instead of the folder's name, as in `COPY ./ /srv`.
        """
        return line.replace(self.folder, ".") if self.folder else line


def pack(recipe: Recipe) -> Packing:
    """Return how to pack the context, so that `COPY . /srv` copies exactly the context.

    A Dockerfile that is not part of the context is added to the archive. If instructions copy the
    whole context, the archive then contains the context a second time, in a folder, and these
    instructions are changed to copy that folder. Raises `CannotRewrite` if an instruction cannot be
    changed.
    """
    source = recipe.source
    if source.name_in_context is not None:
        return Packing(recipe, source.name_in_context)
    text = rewritten(source.text, source.dockerfile, recipe.build.args, _FOLDER)
    for base, triggers in recipe.triggers.items():
        for instruction in copying_all(triggers, recipe.build.args):
            raise CannotRewrite(f"ONBUILD {instruction.text} of {base}")
    parser = frontend(recipe)
    if text != source.text and not parser.is_known:
        raise CannotRewrite(f"an instruction for an unknown frontend ({parser.declared_by})")
    return Packing(
        recipe,
        _DOCKERFILE,
        {_DOCKERFILE: text.encode("utf-8", "surrogateescape")},
        _FOLDER if text != source.text else "",
    )

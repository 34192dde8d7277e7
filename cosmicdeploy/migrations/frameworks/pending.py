"""How a framework is asked what is pending, and the form of its answer."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field, model_validator

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.history import History
from cosmicdeploy.migrations.frameworks.answers.json_list import JsonList
from cosmicdeploy.migrations.frameworks.answers.lines import Lines
from cosmicdeploy.migrations.frameworks.answers.listing import Answer, Listing, Pattern
from cosmicdeploy.migrations.frameworks.answers.sections import Sections
from cosmicdeploy.migrations.frameworks.answers.unnamed import Unnamed
from cosmicdeploy.migrations.frameworks.words import Words

FORMS = ("lines", "sections", "history", "json_list", "unnamed")


class Form(Protocol):
    """A form of the answer."""

    def listing(self, answer: Answer) -> Listing: ...


class Pending(WrittenModel):
    """The command that lists the migrations, and exactly one form of its answer."""

    command: Words = Field(min_length=1, description="The command, without the program")
    exit_codes: tuple[int, ...] = Field(
        default=(0,), description="Exit codes that mean that the command has answered"
    )
    absent: Pattern | None = Field(
        default=None,
        description="Pattern of the answer if the framework's table does not exist yet",
    )
    lines: Lines | None = Field(default=None, description="Each line says the state")
    sections: Sections | None = Field(default=None, description="A heading says the state")
    history: History | None = Field(default=None, description="Only the order; no state")
    json_list: JsonList | None = Field(default=None, description="A list in JSON")
    unnamed: Unnamed | None = Field(default=None, description="Only whether something is pending")

    @model_validator(mode="after")
    def _has_one_form(self) -> Pending:
        if sum(getattr(self, name) is not None for name in FORMS) != 1:
            raise ValueError(f"must have one of {', '.join(FORMS)}")
        return self

    @property
    def form(self) -> Form:
        """The only form that the file describes."""
        forms: list[Form | None] = [getattr(self, name) for name in FORMS]
        return next(filter(None, forms))

    def has_answered(self, exit_code: int) -> bool:
        """Whether the command has answered, judged by its exit code."""
        codes = self.unnamed.exit_codes if self.unnamed else ()
        return exit_code in (*self.exit_codes, *codes)

    def is_absent(self, output: str) -> bool:
        """Whether the output says that the framework's table does not exist yet."""
        return bool(self.absent and self.absent.search(output))

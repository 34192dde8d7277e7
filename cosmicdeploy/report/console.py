"""The console of people who may stop reading."""

from __future__ import annotations

from rich.console import Console


class PatientConsole(Console):
    """A reader who goes away, as in `deploy | head`, must not end a run half-way."""

    def on_broken_pipe(self) -> None:
        self.quiet = True

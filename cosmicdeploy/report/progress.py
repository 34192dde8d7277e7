"""Show the events of a run as they happen: live in a terminal, as plain lines elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.status import Status
from rich.text import Text

from cosmicdeploy.events import Event, Notice, Progress, StepEnded, StepStarted
from cosmicdeploy.report.console import styled

# The text of a step that has reported no progress yet; only a live line shows it.
NO_PROGRESS = "…"
COLORS = {
    "changed": "yellow",
    "passed": "green",
    "unchanged": "green",
    "failed": "red",
    "undone": "magenta",
    "skipped": "dim",
    "planned": "yellow",
}


class ProgressView:
    """Shows the events of a run; in a terminal, a live line shows the current step.

    Use the view as a context manager: on exit it clears the live line.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._step = ""

    def __enter__(self) -> ProgressView:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, event: Event) -> None:
        """Show one event, but no warning: `Call.event_handler` of `cli` prints those."""
        if isinstance(event, StepStarted):
            self._step = event.name
            self._show_current(NO_PROGRESS)
        elif isinstance(event, Progress):
            self._show_current(event.text)
        elif isinstance(event, Notice):
            self._console.print(event.text, soft_wrap=True)
        elif isinstance(event, StepEnded):
            self._console.print(step_line(event), soft_wrap=not self._console.is_terminal)

    def _show_current(self, text: str) -> None:
        """Show the progress of the current step: in the live line, else as a line of its own.

        Without a live line, progress before the first step is not shown.
        """
        width = max(20, self._console.width - len(self._step) - 6)
        if self._status is not None:
            self._status.update(styled("[bold]{}[/] {}", self._step, text[:width]))
        elif self._step and text != NO_PROGRESS:
            self._console.print(f"  {self._step}: {text}", soft_wrap=True)


def step_line(event: StepEnded) -> Text:
    """Return the line for a step that ended; it has the reason only if the step failed."""
    color = COLORS[event.outcome]
    reason = f"  {event.reason}" if event.outcome == "failed" else ""
    taken = f"{event.seconds:6.1f} s{reason}"
    return styled(f"{{}} [{color}]{{}}[/] {{}}", f"{event.name:<20}", f"{event.outcome:<9}", taken)

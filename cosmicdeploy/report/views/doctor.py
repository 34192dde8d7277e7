"""Show the checks of `doctor`: what holds, what was not checked, and what would be lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cosmicdeploy.report.console import styled
from cosmicdeploy.report.model import DoctorReport, FlawReport, UncheckedReport
from cosmicdeploy.text.formatting import counted

LOSES, WARNS = "[red bold]LOSES[/]", "[yellow]warns[/]"
# What a flaw puts at stake → the words for it.
STAKES = {
    "data": "data",
    "requests": "requests",
    "jobs": "jobs",
    "secrets": "secrets",
    "proof": "proof",
    "deploy": "the deploy",
}
# The stakes of flaws that cost time at most, so that the check does not fail.
HARMLESS = ("time", "note")


def show_doctor(checks: Sequence[DoctorReport], seconds: float, console: Console) -> None:
    """Print what holds, what was not checked, and the flaws: first those that cost time at most."""
    _show_holding(checks, console)
    _show_unchecked(checks, console)
    flaws = [(check.check, flaw) for check in checks for flaw in check.flaws]
    harmless = [(name, flaw) for name, flaw in flaws if flaw.stake in HARMLESS]
    harmful = [(name, flaw) for name, flaw in flaws if flaw.stake not in HARMLESS]
    for name, flaw in (*harmless, *harmful):
        _show_flaw(name, flaw, console)
    console.print(styled("[bold]{}[/]", _last_line(checks, seconds)))


def _show_holding(checks: Sequence[DoctorReport], console: Console) -> None:
    """Print what holds: a line for each check, cut to the width of the terminal."""
    width = max((len(each.check) for each in checks), default=0)
    for each in checks:
        if each.found:
            line = styled(
                "[green]ok[/]  {}  {}", f"{each.check:<{width}}", " ".join(each.found.split())
            )
            console.print(line, no_wrap=True, overflow="ellipsis")


def _show_unchecked(checks: Sequence[DoctorReport], console: Console) -> None:
    """Print what was not checked, and why; checks with the same reason share a line."""
    names: dict[tuple[str, str], list[str]] = {}
    for check, each in _unchecked(checks):
        names.setdefault((each.why, each.todo), []).append(check.check)
    for (why, todo), unchecked in names.items():
        about = ", ".join(dict.fromkeys(unchecked))
        console.print(styled("[magenta]not checked[/] {}", about), soft_wrap=True)
        _show_indented(console, styled("{}", why))
        if todo:
            _show_indented(console, styled("→ {}", todo))


def _unchecked(checks: Iterable[DoctorReport]) -> Iterator[tuple[DoctorReport, UncheckedReport]]:
    for check in checks:
        for each in check.unchecked:
            yield check, each


def _show_flaw(name: str, flaw: FlawReport, console: Console) -> None:
    """Print what would be lost, why, and what to do; lines to paste do not wrap."""
    mark = WARNS if flaw.stake in HARMLESS else f"{LOSES} {STAKES[flaw.stake]}"
    console.print(styled(f"{mark} ({{}}): {{}}", name, flaw.loses))
    _show_indented(console, styled("{}", flaw.why))
    _show_indented(console, styled("→ {}", flaw.todo))
    for line in flaw.lines:
        console.print(styled("    [cyan]{}[/]", line), soft_wrap=True)


def _show_indented(console: Console, text: Text) -> None:
    console.print(Padding(text, (0, 0, 0, 2)))


def _last_line(checks: Sequence[DoctorReport], seconds: float) -> str:
    losing = [each.check for each in checks if each.verdict == "loses"]
    unchecked = [each.check for each in checks if each.unchecked]
    none = "nothing of what was checked would be lost" if unchecked else "nothing would be lost"
    parts = [
        f"something would be lost: {', '.join(losing)}" if losing else none,
        f"not completely checked: {', '.join(unchecked)}" if unchecked else "all is checked",
    ]
    return f"doctor: {'; '.join(parts)} ({counted(len(checks), 'check')}, {seconds:.1f} s)"

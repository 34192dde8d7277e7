"""Print rows of the year as a Markdown table, with figures and what was wrong below it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.year.result import Row

HEAD = (
    "scenario",
    "what is done",
    "outcome",
    "exit code",
    "requests sent",
    "lost",
    "may be lost",
    "image after",
    "right?",
)
ALIGNMENT = ("---", "---", "---", "---", "---:", "---:", "---", "---", "---")
KILLED = -9
NOTHING = "–"  # noqa: RUF001 - a dash in a table


def table(rows: Sequence[Row], facts: Sequence[str]) -> str:
    """Return the facts about the run, the table, and a line for each figure and each mistake."""
    lines = [HEAD, ALIGNMENT, *(_cells(row) for row in rows)]
    figures = [f"- {row.name}: {figure}" for row in rows for figure in row.figures]
    wrong = [f"- **{row.name}**: {reason}" for row in rows for reason in row.wrong]
    return "\n".join(
        [
            *(f"- {fact}" for fact in facts),
            "",
            *(f"| {' | '.join(cells)} |" for cells in lines),
            "",
            *figures,
            *(wrong or [f"No row of {len(rows)} is wrong."]),
        ]
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        row.action,
        row.outcome or NOTHING,
        codes_text(row.codes),
        f"{row.sent:,}",
        f"{row.lost:,}",
        row.may_lose or NOTHING,
        row.image or NOTHING,
        "yes" if row.is_right else "**no**",
    )


def codes_text(codes: Sequence[int]) -> str:
    """Return the exit codes as text, equal ones of more than two commands as a count."""
    if len(codes) > 2 and len(set(codes)) == 1:
        return f"{len(codes)} × {codes[0]}"  # noqa: RUF001 - a multiplication sign
    return ", ".join("killed" if code == KILLED else str(code) for code in codes) or NOTHING

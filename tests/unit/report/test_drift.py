"""The keys in which containers differ from their definitions, as text."""

from io import StringIO

import pytest
from rich.console import Console

from cosmicdeploy.report.views.drift import show_differences

pytestmark = pytest.mark.unit

LIMIT = {"key": "mem_limit", "change": "added", "old": None, "new": "512m"}
SECRET = {"key": "environment.A", "change": "changed", "old": None, "new": None}
CHECK = {"key": "healthcheck.retries", "change": "changed", "old": "3", "new": "5"}
CAPABILITY = {"key": "cap_add.NET_ADMIN", "change": "removed", "old": "", "new": None}


def shown(differences: dict[str, list[dict[str, str | None]]]) -> list[str]:
    console = Console(file=StringIO(), width=80)
    show_differences(differences, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_services_with_the_same_differences_are_shown_together() -> None:
    assert shown({"app-1": [LIMIT], "app-2": [LIMIT], "worker": [SECRET, CHECK, CAPABILITY]}) == [
        "  app-1, app-2",
        "    added mem_limit: 512m",
        "  worker",
        "    changed environment.A",
        "    changed healthcheck.retries: 3 → 5",
        "    removed cap_add.NET_ADMIN",
    ]

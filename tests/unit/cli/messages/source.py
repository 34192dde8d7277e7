"""The deployer's source code as syntax trees, for the tests of its messages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[4] / "cosmicdeploy"


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of the deployer, after its path."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "payload" not in path.relative_to(PACKAGE).parts:
            yield path, ast.parse(path.read_text())


def text_of(node: ast.expr) -> str:
    """Return a message literal, with `{expression}` where the code inserts a value."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(text_of(part) for part in node.values)
        case ast.FormattedValue():
            return "{" + ast.unparse(node.value) + "}"
        case _:
            return ""

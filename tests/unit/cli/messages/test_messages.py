"""The first sentence of every error has one style."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.unit.cli.messages.source import PACKAGE, sources, text_of

pytestmark = pytest.mark.unit

# A capital letter, a quoted name, a field of an f-string (`{`), or the name nginx.
VALID_BEGINNING = re.compile(r"[A-Z]|['`{]|nginx\b")


def error_classes() -> set[str]:
    """Return the names of `CosmicError` and of every class that derives from it, in any module."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for _, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    classes = {"CosmicError"}
    while more := {name for name in bases if bases[name] & classes} - classes:
        classes |= more
    return classes


def literals(node: ast.expr) -> Iterator[str]:
    """Yield the literal texts that an expression can have as its value."""
    if isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif text := text_of(node):
        yield text


def sentences() -> Iterator[tuple[str, str]]:
    """Yield the first argument of every error, after its file and line."""
    classes = error_classes()
    for path, module in sources():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if ast.unparse(node.func).rpartition(".")[2] in classes:
                for text in literals(node.args[0]):
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", text


SENTENCES = list(sentences())


def test_errors_of_every_module_are_covered() -> None:
    assert {"ConfigError", "NeedsPerson", "NotReversible"} <= error_classes()
    assert len(SENTENCES) > 200


def test_every_error_begins_in_sentence_case() -> None:
    wrong = [f"{place}: {text}" for place, text in SENTENCES if not VALID_BEGINNING.match(text)]
    assert wrong == []


def test_no_error_ends_with_a_full_stop() -> None:
    wrong = [f"{place}: {text}" for place, text in SENTENCES if text.endswith((".", "!", " "))]
    assert wrong == []

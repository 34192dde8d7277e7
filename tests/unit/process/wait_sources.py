"""The calls of the deployer that wait, and the modules that a run imports, by the source code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.unit.cli.messages.source import PACKAGE, sources

POLLS = ("poll", "time.sleep", "wait")
# Of threads, processes, events and futures. Many methods `join` are those of text.
METHODS = ("join", "result", "wait", "wait_for")
TEXT = ("shlex", "Text('\\n')", "os.path", "self.joined_by")


@dataclass(frozen=True)
class Wait:
    """A call that waits: its file and innermost function, its source, and that of the function."""

    place: str
    call: str
    function: str


def waits() -> Iterator[Wait]:
    for path, module in sources():
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef):
                place = f"{path.relative_to(PACKAGE)} {function.name}"
                for call in _own_calls(function):
                    if _is_wait(call):
                        yield Wait(place, ast.unparse(call), ast.unparse(function))


def _own_calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a function, without those of the functions in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _own_calls(child)


def _is_wait(call: ast.Call) -> bool:
    if ast.unparse(call.func) in POLLS:
        return True
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS:
        return False
    receiver = call.func.value
    is_text = isinstance(receiver, ast.Constant | ast.JoinedStr) or ast.unparse(receiver) in TEXT
    return not (call.func.attr == "join" and is_text)


def imported_by_runs() -> set[str]:
    """Return the files of the modules that the steps and the runner import, however indirectly."""
    modules = {_name(str(path.relative_to(PACKAGE))): module for path, module in sources()}
    imports = {name: _imports(module) & modules.keys() for name, module in modules.items()}
    files = {_name(str(path.relative_to(PACKAGE))): path for path, _ in sources()}
    left, found = [name for name in modules if name.startswith(("runs", "steps"))], set[str]()
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            left += imports[name]
    return {str(files[name].relative_to(PACKAGE)) for name in found}


def callers(function: str) -> set[str]:
    """Return the files that call a function or method of this name."""
    return {
        str(path.relative_to(PACKAGE))
        for path, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function
    }


def _name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports(module: ast.Module) -> set[str]:
    found = set[str]()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.removeprefix(f"{PACKAGE.name}.") for name in found}

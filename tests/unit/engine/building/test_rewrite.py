"""Instructions that copy the whole context take a folder of it; all others stay."""

from __future__ import annotations

import pytest

from cosmicdeploy.engine.building.dockerfile.parse import parse_dockerfile
from cosmicdeploy.engine.building.dockerfile.rewrite import CannotRewrite, copying_all, rewritten

pytestmark = pytest.mark.unit


def changed(text: str, **args: str) -> str:
    return rewritten(text, parse_dockerfile(text), args, "ctx")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY . /srv", "COPY ctx/ /srv"),
        ("COPY / /srv", "COPY ctx/ /srv"),
        ("COPY a/.. /srv", "COPY ctx/ /srv"),
        ("copy --chown=1:1 ./ /srv", "copy --chown=1:1 ctx/ /srv"),
        ('COPY [".", "/s r"]', 'COPY ["ctx/", "/s r"]'),
        ("COPY * /srv/", "COPY ctx/* /srv/"),
        ("COPY ./[ab]*/x y /srv/", "COPY ctx/[ab]*/x y /srv/"),
        ("COPY a b /srv/", None),
        ("COPY a/* /srv/", None),
        ("COPY --from=x . /srv", None),
        ("COPY $WHERE /srv", "COPY ctx/$WHERE /srv"),
        ("COPY ${KNOWN} /srv", None),
        ("COPY $ALL /srv", "COPY ctx/ /srv"),
        ("ADD . /srv", "ADD ctx/ /srv"),
        ("ADD https://example.org/x /srv", None),
        ("ADD $ADDRESS/x /srv", None),
        ("ONBUILD COPY . /srv", None),
        ("RUN ls . /", None),
        ("RUN --mount=type=cache,target=/c ls", None),
        ("RUN --mount=target=/c ls .", "RUN --mount=target=/c,source=ctx ls ."),
        (
            "RUN --mount=type=bind,source=.,target=/c --network=none ls",
            "RUN --mount=type=bind,target=/c,source=ctx --network=none ls",
        ),
        ("RUN --mount=type=bind,source=a,target=/c ls", None),
        ("RUN --mount=type=bind,from=x,target=/c ls", None),
    ],
)
def test_only_what_copies_the_whole_context_changes(line: str, expected: str | None) -> None:
    args = {"KNOWN": "a", "ALL": "./", "ADDRESS": "https://x"}
    head = "FROM a\nARG WHERE\nARG KNOWN\nARG ALL\nARG ADDRESS\n"
    assert changed(f"{head}{line}\nUSER x\n", **args) == f"{head}{expected or line}\nUSER x\n"


@pytest.mark.parametrize(
    "setting",
    [
        "ENV D=$OTHER",
        "ARG D=${OTHER:-src}",
        "ENV D=src\nENV D=$OTHER",
        "ENV D=src\nENV D .",
        "ENV D=src\nENV D=${OTHER#x}",
        "ARG D=src\nENV D=src$OTHER\nARG D=src",
        "ENV D=src\nFROM b",
        "ENV D=src\nFROM b\nARG D",
    ],
)
def test_a_variable_without_a_certain_value_may_mean_the_whole_context(setting: str) -> None:
    head = f"FROM a\n{setting}\n"
    assert changed(f"{head}COPY $D /srv\n") == f"{head}COPY ctx/$D /srv\n"
    with pytest.raises(CannotRewrite):
        changed(f"{head}ADD $D /srv\n")


@pytest.mark.parametrize(
    "head",
    [
        "FROM a\nENV D=src\n",
        "ARG D=src\nFROM a\nARG D\n",
        "ARG D=src\nFROM b\nFROM a\nARG D\n",
        "FROM b\nENV D=.\nFROM a\nENV D=src\n",
        "FROM a\nENV D=src\nARG D=.\n",
        "FROM a\nENV E=src D=.\nENV D=$E E=$D\n",
        "FROM a\nENV D=src\nONBUILD ENV D=.\n",
    ],
)
def test_a_copy_uses_the_value_that_its_variable_has_there(head: str) -> None:
    assert changed(f"{head}COPY $D /srv\n") == f"{head}COPY $D /srv\n"
    later = f"{head}COPY $D /srv\nENV D=.\nCOPY $D /srv\n"
    assert changed(later) == f"{head}COPY $D /srv\nENV D=.\nCOPY ctx/ /srv\n"


def test_lines_keep_their_numbers() -> None:
    text = "FROM a\nCOPY \\\n  # which\n  . \\\n  /srv\nCOPY . <<EOF /x\nCOPY . /y\nEOF\nRUN ls\n"
    expected = "FROM a\nCOPY   ctx/ /srv\n\n\n\nCOPY ctx/ <<EOF /x\nCOPY . /y\nEOF\nRUN ls\n"
    assert changed(text) == expected


@pytest.mark.parametrize(
    "line",
    ["ADD $UNKNOWN /x", "COPY --parents . /x", 'RUN --mount="type=bind,target=/x y" ls'],
)
def test_what_cannot_be_changed_is_named(line: str) -> None:
    with pytest.raises(CannotRewrite):
        changed(f"FROM a\n{line}\n")


def test_triggers_that_copy_the_whole_context() -> None:
    triggers = parse_dockerfile("COPY a /x\nCOPY . /x\nRUN ls\nADD $A /x").instructions
    assert [i.text for i in copying_all(triggers, {})] == ["COPY . /x", "ADD $A /x"]

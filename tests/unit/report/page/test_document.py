"""The page of a run: complete by itself, harmless, readable for screen readers, always the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.cli.page import made_page
from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.history.runs import find_run
from cosmicdeploy.report.page.document import MARK, STYLE
from cosmicdeploy.report.page.sections.parts import MOST_ROWS
from cosmicdeploy.text.sanitize import HARMFUL
from tests.unit.journal.history.recorded import BACKUP, FAILURE, SUCCESS, Recorded, phase, step
from tests.unit.report.hostile import HOSTILE

pytestmark = pytest.mark.unit
VOID = {"meta", "br", "hr", "img", "link", "input"}
# Attributes by which a page could load or run something.
LOADING = {"src", "srcset", "href", "xlink:href", "action", "style", "data", "poster"}


class Page(HTMLParser):
    """The elements of a page; raises `AssertionError` if they are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        # The texts of the headers of tables.
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "th":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.texts.append(data)
        if "th" in self._open:
            self.cells[-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def latest(recorded: Recorded) -> RunEntry:
    return find_run(recorded.journal, "latest")


def page_of(recorded: Recorded) -> Page:
    return Page(made_page(latest(recorded)))


def test_a_page_of_a_deploy_shows_every_part(recorded: Recorded) -> None:
    page = page_of(recorded.success())
    for text in (
        "Release 2 is in place",
        "2026-11-30 10:34:00 +01:00",
        "Timeline of the steps",
        "Release of each replica over time",
        "Kept connections: latency",
        "0 5xx and 0 499 of 800 responses",
        "another image runs",
        "healthcheck.interval changed 5s 10s",
        "environment.TOKEN added not set not shown",
        "2026_02_02_add_column",
        "heartbeat unproven 429",
        "structure restored, data read again",
        "14 objects restored and compared",
        "web-2: 1 restart",
        "no copy at /mnt: full",
        f"cosmicdeploy backup show {BACKUP} has its present state",
        "Requests sent during the run",
        "GitHub Actions: release / deploy",
        "1a2b3c4d5e6f7a8b9c0d main dirty",
        "cosmicdeploy rollback --to 20261130-093405-0dd1 --code-only",
    ):
        assert text in page.text, text
    assert "This run failed" not in page.text
    assert page.all("header")[0]["class"] == "warn" or page.all("header")[0]["class"] == "ok"


def test_a_failed_deploy_shows_first_what_failed_and_what_was_undone(recorded: Recorded) -> None:
    page = page_of(recorded.failure())
    assert page.all("header")[0]["class"] == "bad"
    parts = [
        "Deploy of release 2 failed in rollout",
        "everything that it had changed was undone",
        "What failed",
        "web-1 did not become healthy",
        "What was undone",
        "1 step, completely",
        "migrate: run 2026_02_02_add_column",
        "KeyError: 'APP_KEY'",
        "waiting for web-1",
        "requests failed 3 of 120",
        "Timeline of the steps",
    ]
    places = [page.text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Clients would have noticed: 3 of 120" in page.text
    assert "web-1 was away; announced: at most 10 s" in page.text


def test_a_run_that_was_not_undone_says_so_at_once(recorded: Recorded) -> None:
    recorded.begin("r1")
    recorded.done("r1", "rollout", 1, 2)
    recorded.add("failed", 3, "r1", error="it broke")
    recorded.add("ended", 4, "r1", whole=False)
    text = page_of(recorded).text
    assert "NOT everything was undone" in text and "a person has to decide" in text
    assert text.index("a person has to decide") < text.index("Timeline")


def test_a_run_that_failed_after_its_steps_says_that_they_are_in_place(recorded: Recorded) -> None:
    recorded.begin("r1")
    recorded.done("r1", "rollout", 1, 2)
    recorded.add("success", 3, "r1", resolves=[])
    recorded.add("ended", 4, "r1", whole=True)
    error = {"what": "No space left on device"}
    recorded.add("summary", 4, "r1", outcome="failed", exit_code=1, seconds=4.0, error=error)
    text = page_of(recorded).text
    assert "Failed after all its steps; what they changed is in place." in text
    assert "What stays: rollout: do rollout" in text and "was undone." not in text


def test_a_failed_abort_does_not_say_that_it_changed_nothing(recorded: Recorded) -> None:
    recorded.killed().begin("r1", "deploy --abort")
    recorded.add("unwound", 1, "r1", resolves=["dddd4444"])
    recorded.add("ended", 2, "r1", whole=True)
    recorded.add("summary", 2, "r1", outcome="failed", exit_code=3, seconds=2.0)
    text = page_of(recorded).text
    assert "Failed after it had ended earlier runs: dddd4444." in text
    assert "Nothing of its own" in text and "before it changed anything" not in text


@pytest.mark.parametrize("kind", ["earlier", "killed"])
def test_a_run_without_a_summary_says_what_is_unknown(recorded: Recorded, kind: str) -> None:
    getattr(recorded, kind)()
    text = page_of(recorded).text
    assert "The journal has no summary of this run" in text
    assert "No figures are recorded" in text
    if kind == "earlier":
        assert "not recorded: the run is of an earlier version" in text


def test_what_was_too_large_to_record_is_named(recorded: Recorded) -> None:
    short = {name: value for name, value in SUCCESS.items() if name not in ("series", "phases")}
    recorded.begin("r1")
    recorded.add("success", 6, "r1", resolves=[])
    recorded.add("summary", 6, "r1", **short, left_out=["phases", "series"])
    text = page_of(recorded).text
    assert "Too large to record: phases, series" in text
    assert "The course over time is not shown. It was too large to record." in text
    del short["requests"]
    recorded.add("summary", 6, "r1", **short, left_out=["requests"])
    text = page_of(recorded).text
    assert "No figures are recorded" in text and "sent no requests" not in text


@pytest.mark.parametrize("kind", ["success", "failure", "earlier", "killed"])
def test_a_page_is_the_same_each_time_in_any_time_zone(
    recorded: Recorded, kind: str, time_zone: Callable[[str], None]
) -> None:
    getattr(recorded, kind)()
    time_zone("Asia/Tokyo")
    first = made_page(latest(recorded))
    time_zone("America/Lima")
    assert made_page(latest(recorded)) == first
    assert first.splitlines()[1] == MARK


@pytest.mark.parametrize("kind", ["success", "failure"])
def test_a_page_needs_nothing_else_and_runs_nothing(recorded: Recorded, kind: str) -> None:
    getattr(recorded, kind)()
    page = page_of(recorded)
    assert not {"script", "link", "iframe", "img", "object", "form"} & {tag for tag, _ in page.tags}
    loading = [
        (tag, name, value)
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in LOADING or name.startswith("on")
    ]
    assert loading == [("a", "href", "https://github.com/shop/web/actions/runs/7")]
    assert not re.search(r"url\(|@import|@font-face|https?:", STYLE.read_text())
    policies = [each["content"] for each in page.all("meta") if "http-equiv" in each]
    assert policies and "default-src 'none'" in str(policies[0])


@pytest.mark.parametrize("kind", ["success", "failure"])
def test_every_drawing_and_table_has_a_name(recorded: Recorded, kind: str) -> None:
    getattr(recorded, kind)()
    page = page_of(recorded)
    for attributes in page.all("svg"):
        is_named = attributes.get("role") == "img" and attributes.get("aria-label")
        is_part = "viewBox" in attributes or "viewbox" in attributes
        assert is_named or is_part or attributes.get("aria-hidden") == "true", attributes
    assert page.all("table") and len(page.all("table")) == len(page.all("caption"))
    assert all("scope" in attributes for attributes in page.all("th"))
    assert "" not in page.cells


@pytest.mark.parametrize("kind", ["success", "failure", "earlier", "killed"])
def test_no_level_of_headings_is_left_out(recorded: Recorded, kind: str) -> None:
    getattr(recorded, kind)()
    levels = [int(tag[1]) for tag, _ in page_of(recorded).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_style_is_for_light_dark_print_and_narrow_screens() -> None:
    style = STYLE.read_text()
    for query in ("prefers-color-scheme: dark", "@media print", "max-width"):
        assert query in style
    used = set(re.findall(r"var\((--[\w-]+)\)", style))
    for block in (style.split("}")[0], style.split("@media print")[1].split("}")[0]):
        assert used <= set(re.findall(r"(--[\w-]+):", block)), "each color is defined"


def hostile(text: str, value: Any) -> Any:
    """Return JSON in which the text stands for each text but an outcome and a kind."""
    if isinstance(value, dict):
        return {
            key: each if key in ("outcome", "kind") else hostile(text, each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [hostile(text, each) for each in value]
    return text if isinstance(value, str) else value


MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


# A line with half of a surrogate pair is no JSON, so no record has one.
IN_RECORDS = [text for text in HOSTILE if text != "\ud800"]


@pytest.mark.parametrize("text", [*IN_RECORDS, MARKUP, "</style><script>", "</svg>"], ids=ascii)
def test_no_text_of_a_record_becomes_markup(recorded: Recorded, text: str) -> None:
    changes = {name: hostile(text, value) for name, value in FAILURE.items()}
    origin = {"host": text, "user": text, "ci": {"system": text, "job": text, "url": text}}
    recorded.begin("r1", command=f"deploy {text}", who=text, release=text, target=text)
    recorded.begin("r1", command=f"deploy {text}", who=text, origin=origin, included=[text])
    recorded.add("success", 1, "r1", resolves=[])
    recorded.add("summary", 6, "r1", **{**changes, "outcome": "failed"})
    whole = made_page(latest(recorded))
    page = Page(whole)
    tags = {tag for tag, _ in page.tags}
    assert not {"script", "img", "a"} & tags
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert not HARMFUL.search(whole)
    assert HOSTILE.get(text, text).split()[0] in page.text


@pytest.mark.parametrize("number", [1.7e308, 1e12, 5e-324])
def test_a_damaged_record_with_any_number_makes_a_page(recorded: Recorded, number: float) -> None:
    values = {name: [1, 1, 1] for name in ("sent", "failed")}
    times = {name: [number] * 3 for name in ("p50_ms", "p99_ms")}
    recorded.success(
        seconds=number,
        steps=[step("a", "changed", 0, number)],
        phases=[phase("web-1", "start", 0, number), phase("web-1", "drain", number, number)],
        series={"seconds": number, "new": {**values, **times}, "kept": {**values, **times}},
        maintenance=[[0, number]],
    )
    whole = made_page(latest(recorded))
    assert not re.search(r"\b(inf|nan)\b", whole) and len(whole) < 200_000


def test_a_damaged_record_with_too_many_parts_makes_no_endless_page(recorded: Recorded) -> None:
    many = 3000
    values = {name: [1] * many for name in ("sent", "failed", "p50_ms", "p99_ms")}
    recorded.success(
        steps=[step(f"s{n}", "changed", 0, 10.0**300) for n in range(many)],
        phases=[phase(f"web-{n % 400}", "start", 0, 1) for n in range(many)],
        series={"seconds": 1e-300, "new": values, "kept": values},
        warnings=["careful"] * many,
        maintenance=[[0, 1]] * many,
    )
    whole = made_page(latest(recorded))
    page = Page(whole)
    assert f"{many - MOST_ROWS:,} more are not shown" in page.text
    assert len(whole) < 40_000_000


def test_a_deploy_without_a_known_release_leaves_no_hole_in_the_sentence(
    recorded: Recorded,
) -> None:
    recorded.begin("r1", release="").add(
        "summary", 1.0, "r1", **{**SUCCESS, "outcome": "unchanged"}
    )
    assert "Deploy: nothing had to change" in page_of(recorded).text


def test_maintenance_promises_no_503_which_a_stopped_proxy_cannot_send(recorded: Recorded) -> None:
    text = page_of(recorded.success(maintenance=[[1.0, 3.0]])).text
    assert "clients were turned away on purpose" in text and "503" not in text

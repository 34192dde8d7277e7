"""The page of a run: one HTML document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.report.page.drawing.elements import el, to_html
from cosmicdeploy.report.page.sections import changes, origin, replicas, requests, steps, verdict

# The second line of each page, by which `page_file.py` recognizes a page.
MARK = "<!-- a run's page, made by cosmicdeploy -->"
# A browser loads nothing for the page, and runs no script in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = Path(__file__).with_name("style.css")


def page(run: RunEntry, continuing: Iterable[Mapping[str, str]]) -> str:
    """Return the page of a run, the same each time for the same records.

    `continuing` are the commands that continue from the run; each has the keys `command` and
    `does`, a description.
    """
    sentence = verdict.verdict_of(run).sentence
    html = el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", http_equiv="Content-Security-Policy", content=POLICY),
            el("meta", name="color-scheme", content="light dark"),
            el("title", f"{sentence}: run {run.id}"),
            _style(),
        ),
        el("body", el("main", *_sections(run, continuing)), _footer(run)),
        lang="en",
    )
    return f"<!doctype html>\n{MARK}\n{to_html(html)}\n"


def _style() -> Element:
    style = Element("style")
    style.text = STYLE.read_text(encoding="utf-8")
    return style


def _sections(run: RunEntry, continuing: Iterable[Mapping[str, str]]) -> Iterable[Element | None]:
    yield verdict.head(run)
    yield verdict.failure(run)
    yield verdict.tiles(run)
    yield steps.steps_section(run)
    yield replicas.replicas_section(run)
    yield requests.requests_section(run)
    yield changes.differences_section(run)
    yield changes.verification_section(run)
    yield changes.backup_section(run)
    yield origin.restarts_section(run)
    yield origin.warnings_section(run)
    yield origin.origin_section(run)
    yield origin.gaps_of_the_record(run)
    yield origin.continue_section(continuing)


def _footer(run: RunEntry) -> Element:
    text = f"Made by cosmicdeploy from the journal's records of the run {run.id}."
    return el("footer", el("p", text))

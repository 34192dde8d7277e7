"""Build HTML and SVG elements. Every text is sanitized, and escaped when it is written."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

from cosmicdeploy.text.sanitize import sanitized_and_cut

# A child or an attribute that is None is left out, so that a part of a page may be missing.
Child = Element | str | None
Attribute = str | float | int | None


def el(tag: str, *children: Child, **attributes: Attribute) -> Element:
    """Return an element with its children.

    In the names of attributes, `_` stands for a hyphen (`aria_label`), except at the end, where it
    is dropped (`class_`).
    """
    element = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(name.rstrip("_").replace("_", "-"), _text(value))
    append(element, children)
    return element


def append(element: Element, children: Iterable[Child]) -> None:
    """Append children to an element."""
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif child is not None:
            _append_text(element, _text(child))


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _text(value: str | float | int) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return sanitized_and_cut(str(value))


def link(url: str, text: str) -> Element:
    """Return a link to a URL; for a URL that is neither http nor https, only the text."""
    if not url.startswith(("https://", "http://")):
        return el("span", text)
    return el("a", text, href=url, rel="noopener noreferrer")


def to_html(element: Element) -> str:
    """Return an element as HTML."""
    return tostring(element, encoding="unicode", method="html")

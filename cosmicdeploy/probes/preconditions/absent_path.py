"""Ask an application for a path that no application has."""

from __future__ import annotations

from cosmicdeploy.probes.http import OK, Response, send_request

ABSENT = "/cosmicdeploy-asks-for-no-such-path"


def answers_everything(base: str) -> bool:
    """Return whether the application at this URL answers 200 to every path."""
    return send_request(base + ABSENT).status == OK


def answers_alike(base: str, response: Response) -> bool:
    """Return whether the application answers every path as it has answered `response`.

    If so, the response does not show that its path works: the application may send one page for
    all paths.
    """
    other = send_request(base + ABSENT)
    return (other.status, other.body) == (response.status, response.body)

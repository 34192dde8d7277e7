"""Divide the lines that a tool writes to standard error into errors and warnings."""

from __future__ import annotations

import re

from cosmicdeploy.engine.facts import ExecResult


def error_lines(result: ExecResult) -> list[str]:
    """Return the lines of standard error that contain the word "error"."""
    return [line for line in _stderr(result) if re.search(r"\berror\b", line, re.IGNORECASE)]


def warning_lines(result: ExecResult) -> list[str]:
    """Return the lines of standard error without the word "error"; empty lines are left out."""
    errors = error_lines(result)
    return [line for line in _stderr(result) if line not in errors]


def _stderr(result: ExecResult) -> list[str]:
    return [line.strip() for line in result.error_text.splitlines() if line.strip()]

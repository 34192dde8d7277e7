"""Logging in the form that operators know: `[time] message {context}`, to a file and a stream."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, TextIO


class LogFormatter(logging.Formatter):
    """One record, with its context as indented JSON behind the message.

    The level is only said from WARNING on: operators search for `[time] Device status …`.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
        level = f"{record.levelname}: " if record.levelno >= logging.WARNING else ""
        line = f"[{time}] {level}{record.getMessage()}"
        context: Mapping[str, Any] | None = getattr(record, "context", None)
        if context:
            line += " " + json.dumps(context, indent=2, ensure_ascii=False)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        # Half of a surrogate pair, which JSON may bring, has no encoding: the line would be lost.
        return line.encode("utf-8", "backslashreplace").decode()


def configure_logging(file: Path, stream: TextIO) -> None:
    """Send all records to the stream, and to the file where it can be written."""
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    problem = None
    try:
        handlers.append(WatchedFileHandler(file, encoding="utf-8"))
    except OSError as error:
        problem = error
    for handler in handlers:
        handler.setFormatter(LogFormatter())
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    if problem:
        logging.getLogger(__name__).warning("No log file, only this stream: %s", problem)


@contextmanager
def life_logged(what: str, release: str) -> Iterator[None]:
    """Log when a process that works by itself begins and ends, of which release and where."""
    logger = logging.getLogger(__name__)
    who = (what, release, socket.gethostname())
    logger.info("%s started: release %s in %s", *who)
    try:
        yield
    finally:
        logger.info("%s stopped: release %s in %s", *who)

"""Logging in Laravel's format, `[time] message {context}`, to a file and a stream."""

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
    """Formats a record as `[time] message`, followed by its context as indented JSON.

    The level is shown only from WARNING up, since operators search for `[time] Device status …`.
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
        # Context may contain half of a surrogate pair. UTF-8 cannot encode it, and the handler
        # would lose the record.
        return line.encode("utf-8", "backslashreplace").decode()


def configure_logging(file: Path, stream: TextIO) -> None:
    """Send all records to the stream, and to the file if it can be written."""
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
        logging.getLogger(__name__).warning(
            "Cannot open the log file, logging only here: %s", problem
        )


@contextmanager
def log_lifetime(process: str, release: str) -> Iterator[None]:
    """Log the start and the end of a background process, with its release and host."""
    logger = logging.getLogger(__name__)
    details = (process, release, socket.gethostname())
    logger.info("%s started: release %s in %s", *details)
    try:
        yield
    finally:
        logger.info("%s stopped: release %s in %s", *details)

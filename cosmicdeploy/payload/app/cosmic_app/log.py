"""Logging in Laravel's format, `[time] message {context}`, to a file and a stream."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, TextIO

_JSON = json.JSONEncoder(ensure_ascii=False)


class LogFormatter(logging.Formatter):
    """Formats a record as `[time] message`, followed by its context as indented JSON.

    The level is shown only from WARNING up, since operators search for `[time] Device status …`. A
    record with `contexts`, a sequence, stands for several records: it is written as one text for
    each context.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the text, which is created only once, although there are two handlers."""
        text = getattr(record, "text", None)
        if not isinstance(text, str):
            text = record.text = self._text(record)
        return text

    def _text(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
        level = f"{record.levelname}: " if record.levelno >= logging.WARNING else ""
        line = f"[{time}] {level}{record.getMessage()}"
        contexts: Sequence[Mapping[str, Any]] = getattr(record, "contexts", ())
        context: Mapping[str, Any] | None = getattr(record, "context", None)
        text = "\n".join(f"{line} {indented(each)}" for each in contexts)
        if not text:
            text = f"{line} {indented(context)}" if context else line
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        # Context may contain half of a surrogate pair. UTF-8 cannot encode it, and the handler
        # would lose the record.
        return text.encode("utf-8", "backslashreplace").decode()


def indented(content: Mapping[str, Any]) -> str:
    """Return what `json.dumps` returns with an indent of two.

    With an indent, `json.dumps` does not use its fast encoder. That would take half of the time in
    which the monitor lowers the status of many devices. So this function passes each key and value
    to the fast encoder, unless a value is a container.
    """
    if not all(isinstance(value, str | int | float | None) for value in content.values()):
        return json.dumps(content, indent=2, ensure_ascii=False)
    encode = _JSON.encode
    return "{\n" + ",\n".join([f"  {encode(k)}: {encode(v)}" for k, v in content.items()]) + "\n}"


def configure_logging(file: Path, stream: TextIO) -> None:
    """Send all records to the stream, and to the file if it can be written."""
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    problem = None
    try:
        handlers.append(WatchedFileHandler(file, encoding="utf-8"))
    except OSError as error:
        problem = error
    formatter = LogFormatter()
    for handler in handlers:
        handler.setFormatter(formatter)
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

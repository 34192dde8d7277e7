"""Recognize a response in a line of a load balancer's access log, by the line itself.

- nginx's combined format, formats that begin like it, and Traefik's own: `… [time] "request" 200 …`
- Caddy's log: JSON with `"logger": "http.log.access…"`
- HAProxy's `option httplog`: `… [time] frontend backend/server 0/0/0/1/1 200 …`; its times have no
  time zone, and count as UTC, which containers have
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

TIME = "%d/%b/%Y:%H:%M:%S %z"
COMBINED = re.compile(r'\[(?P<at>[^\]]+)\] "[^"]*" (?P<status>[1-5]\d\d) ')
HAPROXY = re.compile(
    r"\[(?P<at>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d)\.\d{3}\] \S+ \S+/\S+ [-+/\d]+"
    r" (?P<status>[1-5]\d\d) "
)
CADDY = '"http.log.access'


def response_in(line: str) -> tuple[int, str] | None:
    """Return the status and the time (as text in the format `TIME`) of a line's response.

    None if the line has no response. If nginx writes its times in another format, returns the time
    as it is.
    """
    if CADDY in line:
        return _of_caddy(line)
    if match := COMBINED.search(line):
        return int(match["status"]), match["at"]
    if match := HAPROXY.search(line):
        return int(match["status"]), f"{match['at']} +0000"
    return None


def _of_caddy(line: str) -> tuple[int, str] | None:
    try:
        entry = json.loads(line[line.index("{") :])
        status, at = int(entry["status"]), datetime.fromtimestamp(float(entry["ts"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None  # another line, or one with another format of times
    return (status, at.strftime(TIME)) if 100 <= status < 600 else None

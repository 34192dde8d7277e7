"""Send requests of the HTTP client (httpx) over FastCGI, to URLs such as fcgi://ADDRESS:9000/ping.

The path of such a URL is a script in the server's container, followed by the path that clients
request: /var/www/public/index.php/health. A path without a script is requested as it is, since
php-fpm answers some paths itself (`ping.path`, `pm.status_path`).
"""

from __future__ import annotations

import io
import re
import socket
from http import client as http_messages
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from cosmicdeploy.probes.fastcgi.records import NotFastCgi, read_response, request_bytes

SCRIPT = re.compile(r"(?P<script>/.+?\.php)(?P<path>/.*)?")
OK, FOUND = "200", "302"
# Headers that CGI passes in variables without the prefix `HTTP_`.
OWN_VARIABLES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class FastCgiTransport(httpx.BaseTransport):
    """Sends each request on a new connection. Raises the errors of httpx."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        try:
            output, errors = _exchange(request, request_bytes(cgi_variables(request), body))
            return _response(output, errors)
        except TimeoutError as error:
            raise httpx.ReadTimeout("timed out", request=request) from error
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        except (NotFastCgi, http_messages.HTTPException, ValueError) as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error


def cgi_variables(request: httpx.Request) -> dict[str, str]:
    """Return the CGI variables that describe a request to the application (RFC 3875)."""
    target = request.url.raw_path.decode("ascii")
    path, _, query = target.partition("?")
    found = SCRIPT.fullmatch(path)
    script = unquote(found["script"]) if found else ""
    requested = (found["path"] or "/") if found else path
    name = f"/{PurePosixPath(script).name}" if script else unquote(requested)
    variables = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_SOFTWARE": "cosmicdeploy",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": request.url.host,
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": requested + (f"?{query}" if query else ""),
        "QUERY_STRING": query,
        "DOCUMENT_ROOT": str(PurePosixPath(script).parent) if script else "/",
        "DOCUMENT_URI": name,
        "SCRIPT_NAME": name,
        "SCRIPT_FILENAME": script or name,
        "REDIRECT_STATUS": "200",  # PHP may require it, as proof of a web server
    }
    for header, value in request.headers.items():
        own = OWN_VARIABLES.get(header.lower())
        variables[own or f"HTTP_{header.upper().replace('-', '_')}"] = value
    return variables


def _exchange(request: httpx.Request, sent: bytes) -> tuple[bytes, bytes]:
    timeouts = request.extensions.get("timeout", {})
    address = (request.url.host, request.url.port or 9000)
    with socket.create_connection(address, timeouts.get("connect")) as connection:
        connection.settimeout(timeouts.get("read"))
        connection.sendall(sent)
        with connection.makefile("rb") as stream:
            return read_response(stream)


def _response(output: bytes, errors: bytes) -> httpx.Response:
    """Return the response that an application's output describes (RFC 3875, section 6)."""
    stream = io.BytesIO(output)
    headers = http_messages.parse_headers(stream)
    default = FOUND if "Location" in headers else OK
    status = headers.get("Status", default).strip().partition(" ")[0]
    del headers["Status"]
    body = stream.read()
    if status != OK:  # only php-fpm's error output says why a script cannot run
        body = b"\n".join(filter(None, (errors, body)))
        del headers["Content-Length"]
    return httpx.Response(int(status), headers=headers.items(), content=body)

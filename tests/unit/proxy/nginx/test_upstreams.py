"""Which hosts nginx's directives pass requests to."""

from __future__ import annotations

import pytest

from cosmicdeploy.proxy.nginx.configuration import parse_files
from cosmicdeploy.proxy.nginx.upstreams import groups

pytestmark = pytest.mark.unit


def test_a_socket_is_no_host_but_a_name_may_begin_like_one() -> None:
    text = """
        location /a { fastcgi_pass unix:/run/php.sock; }
        location /b { proxy_pass http://unix:/run/app.sock; }
        location /c { proxy_pass http://unixshop:8000; }
    """
    tree = parse_files({"/etc/nginx/nginx.conf": text})
    assert [group.name for group in groups(tree)] == ["unixshop"]

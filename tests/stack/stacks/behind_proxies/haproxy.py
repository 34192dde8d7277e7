"""Replicas behind HAProxy, which resolves their names while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tests.stack.stacks.behind_proxies.proxied import Proxied

CONFIGURATION = """\
global
    maxconn 1024
    stats socket /tmp/haproxy.sock mode 600 level admin

defaults
    mode http
    timeout connect 500ms
    timeout client 20s
    timeout server 20s

resolvers docker
    nameserver dns 127.0.0.11:53
    hold valid 1s
    hold nx 1s

frontend http
    bind :80
    default_backend app

backend app
    balance roundrobin
    option httpchk GET /health
    default-server check inter 500ms fall 1 rise 1 resolvers docker init-addr libc,none
"""


@dataclass(frozen=True)
class BehindHAProxy(Proxied):
    """The stack; without a retry in HAProxy, so that each lost request is seen."""

    kind: ClassVar[str] = "haproxy"
    image: ClassVar[str] = "HAPROXY_IMAGE"
    target: ClassVar[str] = "/etc/haproxy/haproxy.cfg"

    def configuration(self) -> str:
        servers = (f"    server {name} {name}:8000\n" for name in self.apps)
        return CONFIGURATION + "".join(servers)

    def proxy_keys(self) -> dict[str, Any]:
        command = ["haproxy", "-W", "-db", "-f", self.target]
        return {**super().proxy_keys(), "command": command}


@dataclass(frozen=True)
class HAProxyTemplate(BehindHAProxy):
    """Three replicas of one service, in the slots of a `server-template`."""

    def configuration(self) -> str:
        return f"{CONFIGURATION}    server-template app 5 app:8000\n"

    def app_keys(self) -> dict[str, Any]:
        return {"deploy": {"replicas": 3}}

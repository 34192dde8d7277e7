"""Replicas behind Caddy, which asks each of them for its health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.stack.stacks.behind_proxies.proxied import Proxied

FLAGS = "proxy: {out_of_service: '/run/cosmicdeploy/out/{service}'}\n"
CONFIGURATION = """\
{{
	auto_https off
	admin localhost:2019
	persist_config off
}}

:80 {{
	log
{flags}
	reverse_proxy {upstreams} {{
		lb_policy round_robin
		lb_try_duration 5s
		lb_try_interval 100ms
		fail_duration 1s
		health_uri /drained
		health_interval 500ms
		health_timeout 400ms
		transport http {{
			dial_timeout 500ms
		}}
	}}
}}
"""
FLAG = """\
	@{name} file {{
		root /run/cosmicdeploy/out
		try_files /{name}
	}}
	reverse_proxy @{name} {others} {{
		lb_policy round_robin
		lb_try_duration 5s
		fail_duration 1s
		transport http {{
			dial_timeout 500ms
		}}
	}}
"""


@dataclass(frozen=True)
class BehindCaddy(Proxied):
    """The stack; `more` are the settings that say how Caddy takes a replica out of service."""

    kind: ClassVar[str] = "caddy"
    image: ClassVar[str] = "CADDY_IMAGE"
    target: ClassVar[str] = "/etc/caddy/Caddyfile"

    def configuration(self) -> str:
        upstreams = " ".join(f"{name}:8000" for name in self.apps)
        flags = "".join(map(self._flag, self.apps)) if self.more == FLAGS else ""
        return CONFIGURATION.format(upstreams=upstreams, flags=flags)

    def _flag(self, name: str) -> str:
        others = " ".join(f"{other}:8000" for other in self.apps if other != name)
        return FLAG.format(name=name, others=others)

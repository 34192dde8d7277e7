"""Which names nginx resolves while nginx runs, and for how long nginx uses an answer."""

from __future__ import annotations

import pytest

from cosmicdeploy.proxy.nginx.configuration import parse
from cosmicdeploy.proxy.nginx.resolved_names import ANSWER_SECONDS, ANY, resolved_names

pytestmark = pytest.mark.unit
HEAD = "# configuration file /etc/nginx/nginx.conf:\n"
OUTER = "resolver 127.0.0.11 valid=30s;"


def resolved(text: str) -> dict[str, float]:
    return resolved_names(parse(f"{HEAD}http {{ {text} }}"))


@pytest.mark.parametrize(
    "passed",
    [
        "set $a app; proxy_pass http://$a:8000;",
        "set $a http://app:8000/x; proxy_pass $a;",
        "set $a app:9000; location / { fastcgi_pass $a; }",
    ],
)
def test_a_name_in_a_variable_is_resolved_while_nginx_runs(passed: str) -> None:
    assert resolved(f"{OUTER} server {{ {passed} }}") == {"app": 30}
    assert resolved(f"server {{ resolver 127.0.0.11; {passed} }}") == {"app": ANSWER_SECONDS}
    assert resolved(f"server {{ {passed} }}") == {}, (
        "without a resolver, the name can only be a group"
    )


def test_a_variable_whose_value_only_nginx_knows_may_be_any_name() -> None:
    assert resolved(f"{OUTER} server {{ proxy_pass http://app-$n:80; }}") == {ANY: 30}
    assert resolved(f"{OUTER} server {{ set $a $b; proxy_pass http://$a; }}") == {ANY: 30}


def test_the_name_of_a_group_is_not_resolved() -> None:
    group = "upstream web { server app-1; }"
    assert resolved(f"{OUTER} {group} server {{ set $a web; proxy_pass http://$a; }}") == {}
    assert resolved(f"{OUTER} {group} server {{ proxy_pass http://web; }}") == {}


def test_a_server_of_a_group_is_resolved_if_it_has_the_option_resolve() -> None:
    servers = "server app-1 resolve; server app-2;"
    assert resolved(f"{OUTER} upstream web {{ zone z 64k; {servers} }}") == {"app-1": 30}
    own = "upstream web { resolver 127.0.0.11 valid=2s; server app-1 resolve; }"
    assert resolved(f"{OUTER} {own}") == {"app-1": 2}


def test_the_longest_time_of_several_resolvers_counts() -> None:
    passed = "set $a app; proxy_pass http://$a;"
    second = f"server {{ resolver 127.0.0.11 valid=1m; {passed} }}"
    assert resolved(f"{OUTER} server {{ {passed} }} {second}") == {"app": 60}

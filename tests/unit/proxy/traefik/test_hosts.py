"""Which host names Traefik's rules accept, and whether a request without one is accepted."""

from __future__ import annotations

import pytest

from cosmicdeploy.proxy.traefik.hosts import has_tls, hosts_of, need_host, rules_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("rule", "names", "is_needed"),
    [
        ("Host(`a.example`)", ["a.example"], True),
        ("Host(`a.example`, `b.example`)", ["a.example", "b.example"], True),
        ("Host(`a.example`) || Host(`b.example`)", ["a.example", "b.example"], True),
        ("(Host(`a.example`) || Host(`b.example`)) && PathPrefix(`/`)",
         ["a.example", "b.example"], True),
        ("Host(`a.example`) && (Path(`/a`) || Path(`/b`))", ["a.example"], True),
        ("Host(`a.example`) || PathPrefix(`/api`)", ["a.example"], False),
        ("PathPrefix(`/`)", [], False),
        ("PathPrefix(`/`) && !Host(`a.example`)", [], False),
        ("HostRegexp(`.+`)", [], False),
        ("HostSNI(`a.example`)", [], False),
        ("Host(`{{ .Name }}`)", [], False),
        ("Host(" * 2000, [], False),
        ("", [], False),
    ],
)  # fmt: skip
def test_a_rule_accepts_the_names_of_its_hosts(
    rule: str, names: list[str], is_needed: bool
) -> None:
    found = hosts_of({"a.yml:1": rule}, is_tls=False)
    assert [each.name for each in found] == names
    assert need_host([rule]) is is_needed


def test_the_same_name_in_two_routers_is_one() -> None:
    labels = {
        "traefik.http.routers.web.rule": "Host(`a.example`)",
        "traefik.http.routers.secure.rule": "Host(`a.example`)",
        "traefik.http.services.web.loadbalancer.server.port": "80",
    }
    [host] = hosts_of(rules_of(labels), is_tls=has_tls(labels))
    assert (host.name, host.place, host.is_tls) == (
        "a.example",
        "traefik.http.routers.web.rule",
        False,
    )
    assert not need_host([]), "no router is known"
    secure = labels | {"traefik.http.routers.secure.entrypoints": "websecure"}
    assert has_tls(secure) and has_tls({"traefik.http.routers.a.tls.certresolver": "le"})
    assert not has_tls({"traefik.http.routers.a.tls": "false"})

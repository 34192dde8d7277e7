"""nginx's configuration is parsed as nginx does it: included files, inherited directives."""

from __future__ import annotations

from cosmicdeploy.proxy.declared.directives import walk
from cosmicdeploy.proxy.nginx.configuration import parse
from cosmicdeploy.proxy.nginx.upstreams import groups, pass_directives

DUMP = """\
# configuration file /etc/nginx/nginx.conf:
worker_processes 2;  # a comment; with { marks }
http {
    log_format main '$remote_addr "$request" {';
    proxy_connect_timeout 2s;
    include conf.d/*.conf;
}
# configuration file /etc/nginx/conf.d/default.conf:
upstream web {
    ip_hash;
    server 10.0.0.1:80 max_fails=1 fail_timeout=1s;
    server [::1]:80 backup;
    server app-3;
}
server {
    proxy_read_timeout 5s;
    location ~ "^/a{2,3}$" {
        proxy_connect_timeout 100ms;
        if (-f /run/out/app-1) { set $pool web; }
        proxy_pass http://$pool;
    }
    location /direct/ { proxy_pass http://app-4:8080/x; }
    location ~ \\.php$ { fastcgi_pass web; fastcgi_param A "${x};"; }
}
"""


def test_included_files_replace_their_include_lines() -> None:
    (_workers, http) = parse(DUMP)
    assert [d.name for d in http.block] == [
        "log_format",
        "proxy_connect_timeout",
        "upstream",
        "server",
    ]
    assert [d.arguments for d in walk(http.block) if d.name == "if"] == [("(-f", "/run/out/app-1)")]


def test_groups_are_upstreams_and_servers_named_in_a_pass_directive() -> None:
    web, direct = groups(parse(DUMP))
    assert [server.host for server in web.servers] == ["10.0.0.1", "[::1]", "app-3"]
    assert [server.takes_requests for server in web.servers] == [True, False, True]
    assert web.servers[0].options == {"max_fails": "1", "fail_timeout": "1s"}
    assert not web.is_balanced
    assert direct.name == direct.servers[0].host == "app-4"


def test_a_pass_directive_inherits_outer_directives() -> None:
    by_variable, by_name, by_group = pass_directives(parse(DUMP))
    assert by_variable.scope["proxy_connect_timeout"] == ("100ms",)
    assert by_name.scope["proxy_connect_timeout"] == ("2s",)
    assert by_name.scope["proxy_read_timeout"] == ("5s",)
    assert (by_variable.target, by_name.target, by_group.target) == ("$pool", "app-4", "web")


def test_an_empty_dump_has_no_directives() -> None:
    assert parse("") == ()

"""Bad values of the keys of a service, and of secrets."""

from collections.abc import Callable

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import (
    Service,
    Stack,
)

pytestmark = pytest.mark.unit

ServiceOf = Callable[..., Service]


@pytest.mark.parametrize(
    ("keys", "what", "todo"),
    [
        ("command: it's", "web': command cannot be split", "quotes"),
        ("restart: alway", "restart 'alway'", "unless-stopped"),
        ("restart: false", "'false' is not a restart policy", "no, always"),
        ("init: maybe", "init must be true or false", ""),
        ("cpus: many", "cpus must be a number", ""),
        ("user: [a]", "user must be text", ""),
        ("stop_grace_period: 10", "'10' is not a duration", "1m30s"),
        ("stop_grace_period: 1m 30s", "is not a duration", ""),
        ("mem_limit: much", "'much' is not a size", "512m"),
        ("mem_limit: 1g\ndeploy: {resources: {limits: {memory: 2g}}}", "differ on memory", ""),
        ("ulimits: {nofile: {soft: 1}}", "both soft and hard", ""),
        ("extra_hosts: [db]", "'db' has no address", ""),
        ("environment: {A: [1]}", "environment.A must be text", ""),
        ("environment: text", "environment must be a mapping", ""),
        ("env_file: none.env", "none.env' not found", ""),
        ("env_file: {path: a, format: dry}", "format 'dry' is not supported", "raw"),
        ("ports: ['80:']", "'80:' is not a port", "8080:80"),
        ("ports: [':80']", "':80' is not a port", "8080:80"),
        ("ports: ['${PORT}:80']", "':80' is not a port", ""),
        ("ports: ['99999:80']", "'99999' is not a port", "65535"),
        ("ports: ['0:80']", "'0' is not a port", ""),
        ("ports: ['90-80']", "'90-80' is not a port", ""),
        ("ports: ['9000-9009:80']", "different lengths", ""),
        ("ports: ['80/sctp']", "'sctp' is not supported", "udp"),
        ("ports: [{published: 80}]", "has no target", ""),
        ("ports: [{target: 80, publish: 80}]", "publish is not supported", "'published'"),
        ("ports: 80:80", "ports must be a list", ""),
        ("volumes: [nope:/c]", "volume 'nope', which is not declared", "./nope"),
        ("volumes: [dta:/c]", "volume 'dta', which is not declared", "'data'"),
        ("volumes: ['a:b:c:d']", "is not a volume", ""),
        ("volumes: ['./a:relative']", "not an absolute path", ""),
        ("volumes: ['./a:/c:rslave']", "mode 'rslave' is not supported", ""),
        ("volumes: ['./a:/c', './b:/c/']", "mounts '/c' a second time", ""),
        ("volumes: [{type: bind, target: /c}]", "has no source", ""),
        ("volumes: [{type: npipe, target: /c}]", "'npipe' is not supported", "bind"),
        ("volumes: [{target: /c}]", "has no type", ""),
        ("volumes: [{type: tmpfs, target: /c, tmpfs: {size: 1}}]", "tmpfs is not supported", ""),
        ("volumes: [{type: bind, source: /a, target: /c, bind: {propagation: shared}}]",
         "propagation is not supported", ""),
        ("tmpfs: /run:size=1m", "options are not supported", ""),
        ("networks: [frnt]", "network 'frnt', which is not declared", "'front'"),
        ("networks: {front: {ipv4_address: 10.0.0}}", "'10.0.0' is not an IPv4", ""),
        ("networks: {front: {ipv6_address: '::1'}}", "ipv6_address is not supported", ""),
        ("healthcheck: {test: [curl, x]}", "must begin with CMD", ""),
        ("healthcheck: {start_interval: 1s}", "start_interval is not supported", ""),
        ("healthcheck: {intervall: 1s}", "intervall is not supported", "'interval'"),
        ("build: {dockerfile: D, dockerfile_inline: FROM x}", "does not go with", ""),
        ("build: https://example.com/a.git", "not a local folder", ""),
        ("build: {context: ., secrets: [x]}", "secret 'x', which is not declared", "secrets"),
        ("build: {isolation: hyperv}", "build.isolation is not supported", ""),
        ("build: {pull: sometimes}", "build.pull must be true or false", ""),
        ("build: {shm_size: big}", "'big' is not a size", ""),
        ("build: {ssh: [key]}", "'key' has no key", "default"),
        ("build: {additional_contexts: [base]}", "'base' has no folder", ""),
        ("logging: {drive: x}", "logging.drive is not supported", "'driver'"),
        ("container_name: a b", "'a b' is not a container name", ""),
        ("profiles: debug", "profiles must be a list", "- "),
        ("scale: 2", "scale other than 1", "one service per replica"),
        ("deploy: {replicas: 3}", "deploy.replicas other than 1", "one service per replica"),
        ("deploy: {mode: global}", "deploy.mode is not supported", ""),
        ("deploy: {resources: {reservations: {cpus: 1}}}", "reservations is not supported", ""),
        ("depends_on: [db]", "service 'db', which is not declared", ""),
        ("depends_on: {web: {condition: service_helthy}}", "is not supported", "service_healthy"),
        ("depends_on: {web: {required: false}}", "required is not supported", ""),
        ("depends_on: [web]", "goes in a circle: web → web", ""),
    ],
)  # fmt: skip
def test_a_bad_value_is_reported_with_its_line(
    service_of: ServiceOf, keys: str, what: str, todo: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        service_of(keys)
    assert what in caught.value.what
    assert caught.value.what.startswith("service 'web'")
    assert todo in caught.value.todo
    line = 3 + len(keys.splitlines())
    assert f"compose.yml:{line}" in caught.value.where


@pytest.mark.parametrize(
    ("secret", "what"),
    [
        ("{}", "must have exactly one of file or environment"),
        ("{file: a, environment: B}", "must have exactly one of file or environment"),
        ("{file: a, driver: vault}", "driver is not supported"),
        ("{external: true}", "is external: only Swarm keeps secrets"),
    ],
)
def test_an_invalid_secret_is_refused(
    stack_of: Callable[..., Stack], secret: str, what: str
) -> None:
    with pytest.raises(ConfigError, match=what):
        stack_of(f"services: {{web: {{build: {{secrets: [s]}}}}}}\nsecrets: {{s: {secret}}}\n")

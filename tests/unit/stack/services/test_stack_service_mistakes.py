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
        ("ports: ['80:0']", "'0' is not a port", ""),
        ("ports: ['90-80']", "'90-80' is not a port", ""),
        ("ports: ['9000-9009:80-81']", "different lengths", ""),
        ("ports: ['80/icmp']", "'icmp' is not supported", "udp"),
        ("expose: ['80/icmp']", "'icmp' is not supported", "udp"),
        ("ports: [{published: 80}]", "has no target", ""),
        ("ports: [{target: 80, publish: 80}]", "publish is not supported", "'published'"),
        ("ports: 80:80", "ports must be a list", ""),
        ("volumes: [nope:/c]", "volume 'nope', which is not declared", "./nope"),
        ("volumes: [dta:/c]", "volume 'dta', which is not declared", "'data'"),
        ("volumes: ['a:b:c:d']", "is not a volume", ""),
        ("volumes: ['./a:relative']", "not an absolute path", ""),
        ("volumes: ['./a:/c']\ntmpfs: /c", "mounts '/c' a second time", ""),
        ("volumes: [{type: bind, target: /c}]", "has no source", ""),
        ("volumes: [{type: npipe, target: /c}]", "'npipe' is not supported", "bind"),
        ("volumes: [{target: /c}]", "has no type", ""),
        ("volumes: [{type: tmpfs, target: /c, tmpfs: {size: big}}]", "'big' is not a size", ""),
        ("volumes: [{type: tmpfs, target: /c, tmpfs: {mode: '999'}}]", "'999' is not a mode", ""),
        ("volumes: [{type: bind, source: /a, target: /c, bind: {propagation: share}}]",
         "'share' is not supported", "'shared'"),
        ("volumes: [{type: bind, source: /a, target: /c, bind: {recursive: no}}]",
         "'no' is not supported", "disabled"),
        ("tmpfs: /run:mode=big", "'big' is not a mode", ""),
        ("networks: [frnt]", "network 'frnt', which is not declared", "'front'"),
        ("networks: {front: {ipv4_address: 10.0.0}}", "'10.0.0' is not an IPv4", ""),
        ("networks: {front: {ipv6_address: 10.0.0.1}}", "'10.0.0.1' is not an IPv6", ""),
        ("networks: {front: {link_local_ips: [x]}}", "'x' is not an IP address", ""),
        ("networks: {front: {mac_address: x}}", "'x' is not a MAC address", "02:42"),
        ("networks: {front: {priority: high}}", "priority must be a whole number", ""),
        ("networks: [front]\nnetwork_mode: host", "does not go with 'networks'", ""),
        ("network_mode: 'service:'", "'service:' is not supported", "host"),
        ("ipc: shared", "'shared' is not supported", "shareable"),
        ("pid: 'service:db'", "service 'db', which is not declared", ""),
        ("links: [db]", "service 'db', which is not declared", ""),
        ("volumes_from: [db:ro]", "service 'db', which is not declared", ""),
        ("uts: private", "'private' is not supported", "host"),
        ("cgroup: none", "'none' is not supported", "private"),
        ("mac_address: x", "'x' is not a MAC address", ""),
        ("links: ['a:b:c']", "'a:b:c' is not a link", ""),
        ("volumes_from: ['a:rx']", "'a:rx' is not supported", "ro"),
        ("devices: [tty]", "'tty' is not a device", "/dev"),
        ("devices: ['/dev/null:/dev/x:q']", "has the permissions 'q'", "rwm"),
        ("mem_swappiness: 101", "mem_swappiness is 101", "from 0 to 100"),
        ("oom_score_adj: 1001", "oom_score_adj is 1001", "from -1000"),
        ("memswap_limit: -2", "'-2' is not a size", ""),
        ("blkio_config: {weight: 5}", "weight is 5", "from 10 to 1000"),
        ("blkio_config: {device_read_bps: [{path: /dev/sda}]}", "both path and rate", ""),
        ("platform: linux/amd64/v2/x", "is not a platform", "linux/amd64"),
        ("label_file: none.labels", "none.labels' not found", ""),
        ("post_start: [{user: root}]", "has no command", ""),
        ("pre_stop: [{command: x, privilege: true}]", "privilege is not supported", ""),
        ("secrets: [x]", "secret 'x', which is not declared", "secrets"),
        ("configs: [{target: /x}]", "has no source", ""),
        ("healthcheck: {test: [curl, x]}", "must begin with CMD", ""),
        ("healthcheck: {start_interval: 1}", "'1' is not a duration", ""),
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
        ("deploy: {replicas: -1}", "deploy.replicas is negative", "0 or a larger number"),
        ("scale: 2\ndeploy: {replicas: 3}", "deploy.replicas and scale differ", "one of them"),
        ("scale: 2\ncontainer_name: x", "the name x, which only one", "2 services"),
        ("scale: 2\nports: ['80:80']", "the host's port 80, which only one", "2 services"),
        ("scale: 3\nports: ['8080-8081:80']", "8080-8081 has 2 ports of the host", "3 ports"),
        (
            "scale: 2\nnetworks: {front: {ipv4_address: 10.0.0.9}}",
            "the address 10.0.0.9, which only one",
            "2 services",
        ),
        ("deploy: {mode: global-job}", "'global-job' is not supported", "'global'"),
        ("deploy: {mod: global}", "deploy.mod is not supported", "'mode'"),
        ("deploy: {restart_policy: {condition: ever}}", "'ever' is not supported", "any"),
        ("deploy: {restart_policy: {condition: any, max_attempts: 3}}",
         "max_attempts needs the condition on-failure", ""),
        ("deploy: {update_config: {order: first}}", "'first' is not supported", "-first"),
        ("deploy: {update_config: {delay: 5}}", "'5' is not a duration", ""),
        ("deploy: {resources: {reservations: {memory: big}}}", "'big' is not a size", ""),
        ("deploy: {resources: {reservations: {devices: [{count: 1}]}}}", "no capabilities", ""),
        ("gpus: some", "'some' is not supported", "all"),
        ("gpus: [{count: 1, device_ids: ['0']}]", "does not go with 'device_ids'", ""),
        ("gpus: [{count: some}]", "'some' is not a count", ""),
        ("pull_policy: sometimes", "'sometimes' is not supported", "every_12h"),
        ("mem_reservation: 1m\ndeploy: {resources: {reservations: {memory: 2m}}}",
         "differ on reservation", ""),
        ("depends_on: [db]", "service 'db', which is not declared", ""),
        ("depends_on: {web: {condition: service_helthy}}", "is not supported", "service_healthy"),
        ("depends_on: {web: {required: maybe}}", "required must be true or false", ""),
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
    ("secret", "what", "todo"),
    [
        ("{}", "must have exactly one of file or environment", "add one of them"),
        ("{file: a, environment: B}", "must have exactly one of file or environment", "keep one"),
        ("{file: a, driver: vault}", "driver is not supported", ""),
        ("{external: true}", "is external: only Swarm keeps secrets", "replace 'external' by"),
    ],
)
def test_an_invalid_secret_is_refused(
    stack_of: Callable[..., Stack], secret: str, what: str, todo: str
) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        stack_of(f"services: {{web: {{build: {{secrets: [s]}}}}}}\nsecrets: {{s: {secret}}}\n")
    assert todo in caught.value.todo

"""The layouts, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

import docker

from tests.stack.layouts.kinds.buildkit import NeedsBuildKit
from tests.stack.layouts.kinds.configured import Configured
from tests.stack.layouts.kinds.env_files import EnvFiles
from tests.stack.layouts.kinds.one_shot import NamedOneShot, OneShot
from tests.stack.layouts.kinds.plain import ExternalDatabase, WithCache
from tests.stack.layouts.kinds.several_files import SeveralFiles
from tests.stack.layouts.layout import Layout
from tests.stack.stacks.behind_nginx.fronted import Fronted
from tests.stack.stacks.behind_nginx.replicated import REPLICAS, Replicated
from tests.stack.stacks.behind_nginx.several import APPLICATIONS, Several
from tests.stack.stacks.behind_nginx.tagged import APPS, TaggedStack, push_release, tagged_stack
from tests.stack.stacks.behind_proxies.caddy import FLAGS, BehindCaddy
from tests.stack.stacks.behind_proxies.haproxy import BehindHAProxy, HAProxyTemplate
from tests.stack.stacks.behind_proxies.proxied import DRAIN_FILE
from tests.stack.stacks.behind_proxies.traefik import BehindTraefik
from tests.stack.stacks.one_app import OneApp, stack_of_kind
from tests.stack.stacks.php.php_fpm import PhpFpm
from tests.stack.support.network.registry import running_registry

Opened = Callable[[Path], AbstractContextManager[OneApp]]


def for_engine(kind: type[NeedsBuildKit | Configured]) -> Opened:
    """Return a function that opens a stack whose files depend on the engine's version."""
    return lambda folder: stack_of_kind(folder, partial(kind, engine=engine_version()))


def engine_version() -> int:
    """Return the major version of the engine."""
    with closing(docker.from_env()) as client:
        return int(str(client.version()["Version"]).partition(".")[0])


@contextmanager
def tagged(folder: Path) -> Iterator[OneApp]:
    """Open a stack whose releases are tags in a registry, which runs as long as the stack."""
    with running_registry(folder / "registry") as registry:
        for tag in ("1", "2", "3-bad"):
            push_release(registry, tag, tag)
        with tagged_stack(folder, registry) as stack:
            yield stack


def behind_other_proxies() -> Iterator[Layout]:
    """Yield two replicas, and a single one, behind each load balancer other than nginx."""
    kinds: Mapping[str, Callable[..., OneApp]] = {
        "haproxy": BehindHAProxy,
        "caddy": partial(BehindCaddy, more=DRAIN_FILE),
    }
    for name, kind in kinds.items():
        one = partial(kind, apps=("app",))
        yield Layout(name=name, kind=kind, replaced={"app-1", "app-2"}, gaps=frozenset())
        yield Layout(name=f"{name}-one", kind=one, gaps=frozenset())
    yield Layout(
        name="caddy-flags",
        kind=partial(BehindCaddy, more=FLAGS),
        replaced={"app-1", "app-2"},
        gaps=frozenset(),
    )
    yield Layout(
        name="haproxy-template",
        kind=partial(HAProxyTemplate, apps=("app",)),
        replaced={"app.1", "app.2", "app.3"},
        gaps=frozenset(),
    )
    # Containers that Compose created have no check that the deployer added.
    routed = partial(BehindTraefik, apps=("app",), more=DRAIN_FILE)
    yield Layout(
        name="traefik",
        kind=routed,
        replaced={"app.1", "app.2"},
        gaps=frozenset(),
        sample=True,
    )
    yield Layout(name="traefik-one", kind=partial(routed, replicas=1), gaps=frozenset())


def run_to_their_end() -> Iterator[Layout]:
    """Yield stacks with a service that runs to its end: others wait for it, or settings name it."""
    for name, kind in {"one-shot": OneShot, "one-shot-named": NamedOneShot}.items():
        replaced = {"app", "migrate"}
        yield Layout(name=name, kind=kind, replaced=replaced, has_data=True, deploys_again=True)


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            name="replicas",
            kind=Replicated,
            replaced={f"app.{number}" for number in range(1, REPLICAS + 1)},
            gaps=frozenset(),
            sample=True,
        ),
        Layout(
            name="replicas-resolved-late",
            kind=partial(Replicated, valid=""),
            replaced={f"app.{number}" for number in range(1, REPLICAS + 1)},
            gaps=frozenset(),
        ),
        Layout(
            name="several-services",
            kind=Several,
            replaced=set(APPLICATIONS),
            gaps=frozenset(),
            deploys_again=True,
        ),
        Layout(name="no-proxy", kind=OneApp),
        Layout(
            name="built-proxy",
            kind=Fronted,
            replaced={"app-1", "app-2", "nginx"},
            gaps={"nginx"},
            options=("--include", "nginx"),
        ),
        *behind_other_proxies(),
        Layout(name="php-fpm", kind=PhpFpm),
        *run_to_their_end(),
        Layout(name="external-database", kind=ExternalDatabase),
        Layout(
            name="registry",
            kind=TaggedStack,
            opened=tagged,
            replaced=set(APPS),
            gaps=frozenset(),
            deploys_again=True,
        ),
        Layout(name="several-files", kind=SeveralFiles),
        Layout(name="secrets-configs", kind=Configured, opened=for_engine(Configured)),
        Layout(name="buildkit", kind=NeedsBuildKit, opened=for_engine(NeedsBuildKit)),
        Layout(name="underscore-names", kind=WithCache, origin="Compose 1.29.2"),
        Layout(name="env-files", kind=EnvFiles),
    )
}

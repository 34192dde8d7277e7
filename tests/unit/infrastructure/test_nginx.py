"""nginx loads a changed file by a reload, if it passes `nginx -t`; other changes are named."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Difference, ExecResult, Image
from cosmicdeploy.errors import Refused
from cosmicdeploy.operations.notices import notices as all_notices
from cosmicdeploy.operations.status import status
from cosmicdeploy.probes.result import StackNotice
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.steps.backups.backup import BackupStep
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.infrastructure.reload import ReloadStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.infrastructure.shop import Engine, Open, running_engine

pytestmark = pytest.mark.unit

COMPOSE = """\
name: shop
services:
  app: {image: shop/app}
  nginx:
    image: nginx
    ports: ['80:80']
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf:ro
      - ./cert.pem:/etc/ssl/cert.pem
      - ./site.template:/etc/nginx/templates/site.template
      - ./robots.txt:/srv/robots.txt
"""
SETTINGS = "compose_file: compose.yml\nservices: {app: [app], proxy: nginx}\napp: {}\n"
STEP = ReloadStep(name="reload")
STAT = "{} (nginx) S {} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {} 0 0\n"
CONFIGURATION = """\
# configuration file /etc/nginx/nginx.conf:
server { ssl_certificate /etc/ssl/cert.pem; }
"""


def notices(ctx: Context) -> list[StackNotice]:
    return [each for each in all_notices(ctx) if each.kind == "changed"]


class Proxied:
    """The shop's nginx, which has read its files; `edit` changes one afterwards."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        engine.answers[("nginx", "-T")] = ExecResult(exit_code=0, stdout=CONFIGURATION.encode())
        engine.answers[("stat",)] = ExecResult(exit_code=127)

    def edit(self, name: str) -> None:
        (self.folder / name).write_text("second")

    def refuse(self, *lines: str) -> None:
        text = "\n".join((*lines, "nginx: configuration file test failed")).encode()
        self.engine.answers[("nginx", "-T")] = ExecResult(exit_code=1, stderr=text)


@pytest.fixture
def proxied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proxied:
    names = ("nginx.conf", "cert.pem", "site.template", "robots.txt")
    for name in names:
        (tmp_path / name).write_text("first")
    targets = ("/etc/nginx/nginx.conf", "/etc/ssl/cert.pem", "/etc/nginx/templates/site.template",
               "/srv/robots.txt")  # fmt: skip
    time.sleep(0.02)
    own = tmp_path / "700"
    (own / "root/proc/1").mkdir(parents=True)
    (own / "cgroup").write_text("0::/docker/id-nginx\n")
    (tmp_path / "uptime").write_text("1000.00 0.00\n")
    for pid, parent in ((1, 0), (20, 1)):
        (own / f"root/proc/{pid}").mkdir(exist_ok=True)
        (own / f"root/proc/{pid}/stat").write_text(STAT.format(pid, parent, 50_000))
    monkeypatch.setattr(proc, "PROC", tmp_path)
    (tmp_path / ".cosmicdeploy").mkdir()
    engine = running_engine("db", "pg", "mailer")
    engine.images["nginx"] = Image(id="sha256:nginx")
    engine.by_name["shop-nginx-1"] = replace(
        engine.by_name["shop-nginx-1"],
        started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        mounts={t: str(tmp_path / n) for n, t in zip(names, targets, strict=True)},
        pid=700,
    )
    time.sleep(0.02)
    return Proxied(engine, tmp_path)


def test_a_changed_configuration_is_tested_and_loaded(shop: Open, proxied: Proxied) -> None:
    ctx = shop(proxied.engine, COMPOSE, SETTINGS)
    assert isinstance(STEP.check(ctx), Unchanged) and not proxied.engine.commands
    proxied.edit("nginx.conf")
    proxied.edit("cert.pem")
    change = STEP.check(ctx)
    assert isinstance(change, Change)
    assert change.summary.startswith("reload nginx (nginx.conf changed, cert.pem changed); ")
    [notice] = notices(ctx)
    assert (notice.kind, notice.service) == ("changed", "nginx")
    assert "nginx.conf changed" in notice.what and "`cosmicdeploy deploy`" in notice.todo
    [_, nginx] = sorted(status(ctx), key=lambda row: str(row["service"]))
    assert nginx["drift"] == "not loaded: nginx.conf changed, cert.pem changed"
    assert isinstance(RolloutStep(name="rollout").check(ctx), Unchanged)


def test_a_reload_alone_needs_no_backup(shop: Open, proxied: Proxied) -> None:
    ctx = shop(proxied.engine, COMPOSE, SETTINGS).with_steps_ahead([STEP])
    found = BackupStep(name="backup").check(ctx)
    assert isinstance(found, Unchanged) and "only reload changes something" in found.reason


def test_a_configuration_that_nginx_refuses_is_refused_before_anything_is_changed(
    shop: Open, proxied: Proxied
) -> None:
    ctx = shop(proxied.engine, COMPOSE, SETTINGS)
    proxied.edit("nginx.conf")
    line = 'nginx: [emerg] unknown directive "serve" in /etc/nginx/nginx.conf:3'
    proxied.refuse(line)
    with pytest.raises(Refused) as caught:
        STEP.check(ctx)
    assert list(caught.value.details) == [line]


def test_a_name_of_a_service_that_the_run_creates_is_waited_for(
    shop: Open, proxied: Proxied
) -> None:
    compose = COMPOSE.replace("  nginx:\n", "  api: {image: shop/app}\n  nginx:\n")
    ctx = shop(proxied.engine, compose, SETTINGS)
    proxied.edit("nginx.conf")
    proxied.refuse('nginx: [emerg] host not found in upstream "api:80" in /etc/nginx/nginx.conf:3')
    with pytest.raises(Refused):
        STEP.check(ctx)
    change = STEP.check(ctx.with_steps_ahead([RolloutStep(name="rollout")]))
    assert isinstance(change, Change) and ", once api can be found;" in change.summary


@pytest.mark.parametrize(
    ("name", "drift"), [("site.template", "site.template changed"), ("robots.txt", None)]
)
def test_what_a_reload_does_not_apply_is_a_reason_to_replace_nginx(
    shop: Open, proxied: Proxied, name: str, drift: str | None
) -> None:
    """A template is rendered at the start; other files are read for each request."""
    ctx = shop(proxied.engine, COMPOSE, SETTINGS)
    proxied.edit(name)
    found = STEP.check(ctx)
    assert isinstance(found, Unchanged)
    assert ("--include nginx" in found.reason) == (drift is not None)
    included = RolloutStep(name="rollout").check(ctx.with_run(included=frozenset({"nginx"})))
    reasons = included.facts["reasons"] if isinstance(included, Change) else {}
    assert reasons == ({"nginx": drift} if drift else {})


def test_a_file_in_the_place_of_another_needs_a_new_container(shop: Open, proxied: Proxied) -> None:
    ctx = shop(proxied.engine, COMPOSE, SETTINGS)
    proxied.engine.answers[("stat",)] = ExecResult(exit_code=0, stdout=b"1:2\n")
    (proxied.folder / "new").write_text("second")
    (proxied.folder / "new").rename(proxied.folder / "nginx.conf")
    found = STEP.check(ctx)
    assert isinstance(found, Unchanged) and "replaced on the host" in found.reason
    [notice] = notices(ctx)
    assert "no request is served between its stop and its start" in notice.what
    assert notice.todo == "`cosmicdeploy deploy --include nginx`"
    included = ctx.with_run(included=frozenset({"nginx"}))
    assert not notices(included)
    assert "is replaced" in str(STEP.check(included))


def test_each_change_of_infrastructure_is_named_with_its_cost(shop: Open) -> None:
    engine = running_engine()
    assert not notices(shop(engine))
    engine.images["postgres:16"] = Image(id="sha256:newer")
    engine.drift["db"] = [Difference(key="mem_limit", change="added")]
    engine.digests["nginx"] = "2"
    found = {each.service: each for each in notices(shop(engine))}
    assert list(found) == ["db", "nginx", "pg"]
    assert "mem_limit added" in found["db"].what and "database is away" in found["db"].what
    assert "sources, arguments or base changed" in found["nginx"].what
    assert "since its image is postgres" in found["pg"].what
    del engine.images["mariadb:10"]
    other = {each.service: each for each in notices(shop(engine))}
    assert "the image mariadb:10 is declared, and not here yet" in other["db"].what
    assert found["pg"].todo == "`cosmicdeploy deploy --include pg`"

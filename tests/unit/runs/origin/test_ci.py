"""A CI job is recognized by its variables, and its address has no secret."""

from __future__ import annotations

import pytest

from cosmicdeploy.runs.origin.ci import branch_of, ci_job, without_secrets
from cosmicdeploy.runs.origin.ci_systems import SYSTEMS

pytestmark = pytest.mark.unit

JOBS = {
    "GitHub Actions": (
        {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKFLOW": "release",
            "GITHUB_JOB": "deploy",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "shop/web",
            "GITHUB_RUN_ID": "7",
        },
        "release / deploy",
        "https://github.com/shop/web/actions/runs/7",
    ),
    "GitLab CI": (
        {
            "GITLAB_CI": "true",
            "CI_JOB_NAME": "deploy",
            "CI_JOB_URL": "https://ci:secret@gitlab.shop/web/-/jobs/7?private_token=secret",
        },
        "deploy",
        "https://gitlab.shop/web/-/jobs/7",
    ),
    "Jenkins": (
        {
            "JENKINS_URL": "http://jenkins:8080/",
            "JOB_NAME": "web",
            "BUILD_NUMBER": "7",
            "BUILD_URL": "http://jenkins:8080/job/web/7/",
        },
        "web #7",
        "http://jenkins:8080/job/web/7/",
    ),
    "Buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_PIPELINE_SLUG": "web",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/shop/web/builds/7#job",
        },
        "web",
        "https://buildkite.com/shop/web/builds/7",
    ),
    "CircleCI": ({"CIRCLECI": "true", "CIRCLE_JOB": "deploy"}, "deploy", ""),
    "Azure Pipelines": (
        {
            "TF_BUILD": "True",
            "BUILD_DEFINITIONNAME": "web",
            "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/shop/",
            "SYSTEM_TEAMPROJECT": "web",
            "BUILD_BUILDID": "7",
        },
        "web",
        "https://dev.azure.com/shop/web/_build/results?buildId=7",
    ),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_with_its_name_and_address(name: str) -> None:
    environ, job, url = JOBS[name]
    found = ci_job(environ)
    assert found is not None
    assert (found.system, found.job, found.url) == (name, job, url)


def test_every_system_is_recognized_by_its_sign_alone() -> None:
    for system in SYSTEMS:
        found = ci_job({system.sign: "true"})
        assert found is not None and found.system == system.name


@pytest.mark.parametrize(
    ("environ", "system"), [({}, None), ({"CI": "false"}, None), ({"CI": "true"}, "CI")]
)
def test_other_environments(environ: dict[str, str], system: str | None) -> None:
    found = ci_job(environ)
    assert (found.system if found else None) == system


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@host:8443/a?token=x&buildId=3#frag", "https://host:8443/a?buildId=3"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://host:port/", ""),
        ("https://host/" + "x" * 1000, ""),
        ("", ""),
    ],
)
def test_secrets_and_other_schemes_are_stripped(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_the_branch_is_that_of_the_job_only_for_the_same_commit() -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc", "GITHUB_REF_NAME": "main"}
    assert branch_of(environ, "abc") == "main"
    assert branch_of(environ, "def") == "" == branch_of({}, "abc") == branch_of(environ, "")

"""The CI systems that are recognized, as data: the variables that each of them sets for its jobs.

A `{NAME}` in a template stands for the value of that variable.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CiSystem:
    """The variables of a CI system.

    `sign` is set in each of its jobs. `jobs` are templates for the name of the job, and `urls` for
    the address that leads to it; the first whose variables are all set is used. `commit` and
    `branch` are the variables with the commit and the branch that the job builds.
    """

    name: str
    sign: str
    jobs: tuple[str, ...]
    urls: tuple[str, ...]
    commit: str = ""
    branch: str = ""


# The first whose `sign` is set counts. Gitea and Forgejo also set the variables of GitHub Actions,
# so their jobs are recorded under that name.
SYSTEMS = (
    CiSystem(
        name="GitHub Actions",
        sign="GITHUB_ACTIONS",
        jobs=("{GITHUB_WORKFLOW} / {GITHUB_JOB}", "{GITHUB_JOB}"),
        urls=("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",),
        commit="GITHUB_SHA",
        branch="GITHUB_REF_NAME",
    ),
    CiSystem(
        name="GitLab CI",
        sign="GITLAB_CI",
        jobs=("{CI_PROJECT_PATH} / {CI_JOB_NAME}", "{CI_JOB_NAME}"),
        urls=("{CI_JOB_URL}", "{CI_PIPELINE_URL}"),
        commit="CI_COMMIT_SHA",
        branch="CI_COMMIT_REF_NAME",
    ),
    CiSystem(
        name="Jenkins",
        sign="JENKINS_URL",
        jobs=("{JOB_NAME} #{BUILD_NUMBER}", "{JOB_NAME}"),
        urls=("{BUILD_URL}",),
        commit="GIT_COMMIT",
        branch="GIT_BRANCH",
    ),
    CiSystem(
        name="Buildkite",
        sign="BUILDKITE",
        jobs=("{BUILDKITE_PIPELINE_SLUG} #{BUILDKITE_BUILD_NUMBER}", "{BUILDKITE_PIPELINE_SLUG}"),
        urls=("{BUILDKITE_BUILD_URL}",),
        commit="BUILDKITE_COMMIT",
        branch="BUILDKITE_BRANCH",
    ),
    CiSystem(
        name="CircleCI",
        sign="CIRCLECI",
        jobs=("{CIRCLE_PROJECT_REPONAME} / {CIRCLE_JOB}", "{CIRCLE_JOB}"),
        urls=("{CIRCLE_BUILD_URL}",),
        commit="CIRCLE_SHA1",
        branch="CIRCLE_BRANCH",
    ),
    CiSystem(
        name="Azure Pipelines",
        sign="TF_BUILD",
        jobs=("{BUILD_DEFINITIONNAME} / {AGENT_JOBNAME}", "{BUILD_DEFINITIONNAME}"),
        urls=(
            "{SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}{SYSTEM_TEAMPROJECT}"
            "/_build/results?buildId={BUILD_BUILDID}",
        ),
        commit="BUILD_SOURCEVERSION",
        branch="BUILD_SOURCEBRANCHNAME",
    ),
    CiSystem(
        name="Bitbucket Pipelines",
        sign="BITBUCKET_BUILD_NUMBER",
        jobs=("{BITBUCKET_REPO_FULL_NAME} #{BITBUCKET_BUILD_NUMBER}",),
        urls=(
            "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}"
            "/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        ),
        commit="BITBUCKET_COMMIT",
        branch="BITBUCKET_BRANCH",
    ),
    CiSystem(
        name="TeamCity",
        sign="TEAMCITY_VERSION",
        jobs=("{TEAMCITY_BUILDCONF_NAME} #{BUILD_NUMBER}", "{TEAMCITY_BUILDCONF_NAME}"),
        urls=("{BUILD_URL}",),
        commit="BUILD_VCS_NUMBER",
    ),
    CiSystem(
        name="Drone",
        sign="DRONE",
        jobs=("{DRONE_REPO} #{DRONE_BUILD_NUMBER}",),
        urls=("{DRONE_BUILD_LINK}",),
        commit="DRONE_COMMIT_SHA",
        branch="DRONE_BRANCH",
    ),
    CiSystem(
        name="Woodpecker",
        sign="CI_PIPELINE_FORGE_URL",
        jobs=("{CI_REPO} #{CI_PIPELINE_NUMBER}",),
        urls=("{CI_PIPELINE_URL}",),
        commit="CI_COMMIT_SHA",
        branch="CI_COMMIT_BRANCH",
    ),
)
# A job of any other system has this variable, and its name and address are unknown.
ANY_SIGN, ANY_NAME = "CI", "CI"

"""The kinds of steps that a playbook may name."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.steps.backups.backup import BackupStep
from cosmicdeploy.steps.backups.load import LoadStep
from cosmicdeploy.steps.backups.restore import RestoreStep
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.commands.cache_clear import CacheClearStep
from cosmicdeploy.steps.commands.chown import ChownStep
from cosmicdeploy.steps.commands.console import ConsoleStep
from cosmicdeploy.steps.commands.exec import ExecStep
from cosmicdeploy.steps.commands.feature import FeatureStep
from cosmicdeploy.steps.commands.trial import TrialStep
from cosmicdeploy.steps.commands.unlock import UnlockStep
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.maintenance.resume import ResumeStep
from cosmicdeploy.steps.containers.one_shot import OneShotStep
from cosmicdeploy.steps.containers.orphans import OrphansStep
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.containers.services import ServicesStep
from cosmicdeploy.steps.health import HealthStep
from cosmicdeploy.steps.images.build import BuildStep
from cosmicdeploy.steps.images.pull import PullStep
from cosmicdeploy.steps.images.rollback_tags import ImagesStep
from cosmicdeploy.steps.infrastructure.reload import ReloadStep
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.rollout.preflight import PreflightStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.steps.rollout.soak import SoakStep
from cosmicdeploy.steps.schema.compatible import CompatibleStep
from cosmicdeploy.steps.schema.end_sessions import EndSessionsStep
from cosmicdeploy.steps.schema.mark_migrated import MarkMigratedStep
from cosmicdeploy.steps.schema.migrate import MigrateStep
from cosmicdeploy.steps.schema.migrate_down import MigrateDownStep
from cosmicdeploy.steps.static_files.static_files import StaticFilesStep
from cosmicdeploy.steps.verify import VerifyStep

KINDS: Mapping[str, type[Step]] = {
    step.kind: step
    for step in (
        BackupStep,
        RestartStep,
        BuildStep,
        CacheClearStep,
        ConsoleStep,
        EndSessionsStep,
        ExecStep,
        FeatureStep,
        CompatibleStep,
        HealthStep,
        ImagesStep,
        LoadStep,
        MigrateDownStep,
        MigrateStep,
        MarkMigratedStep,
        OneShotStep,
        OrphansStep,
        ChownStep,
        PreflightStep,
        PullStep,
        QuiesceStep,
        RecoverStep,
        ReloadStep,
        RolloutStep,
        RestoreStep,
        ResumeStep,
        ServicesStep,
        StaticFilesStep,
        TrialStep,
        UnlockStep,
        VerifyStep,
        SoakStep,
    )
}

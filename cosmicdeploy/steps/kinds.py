"""The table of kinds: what a playbook may name."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.steps.backup import BackupStep
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.bounce import BounceStep
from cosmicdeploy.steps.build import BuildStep
from cosmicdeploy.steps.cache_clear import CacheClearStep
from cosmicdeploy.steps.console_command import ConsoleStep
from cosmicdeploy.steps.end_sessions import EndSessionsStep
from cosmicdeploy.steps.exec import ExecStep
from cosmicdeploy.steps.feature import FeatureStep
from cosmicdeploy.steps.fits import FitsStep
from cosmicdeploy.steps.health import HealthStep
from cosmicdeploy.steps.images import ImagesStep
from cosmicdeploy.steps.load import LoadStep
from cosmicdeploy.steps.migrate import MigrateStep
from cosmicdeploy.steps.migrate_down import MigrateDownStep
from cosmicdeploy.steps.note_migrations import NoteMigrationsStep
from cosmicdeploy.steps.own_file import OwnFileStep
from cosmicdeploy.steps.preflight import PreflightStep
from cosmicdeploy.steps.quiesce import QuiesceStep
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.restart import RestartStep
from cosmicdeploy.steps.restore import RestoreStep
from cosmicdeploy.steps.resume import ResumeStep
from cosmicdeploy.steps.services import ServicesStep
from cosmicdeploy.steps.trial import TrialStep
from cosmicdeploy.steps.unlock import UnlockStep
from cosmicdeploy.steps.verify import VerifyStep
from cosmicdeploy.steps.watch import WatchStep

KINDS: Mapping[str, type[Step]] = {
    step.kind: step
    for step in (
        BackupStep,
        BounceStep,
        BuildStep,
        CacheClearStep,
        ConsoleStep,
        EndSessionsStep,
        ExecStep,
        FeatureStep,
        FitsStep,
        HealthStep,
        ImagesStep,
        LoadStep,
        MigrateDownStep,
        MigrateStep,
        NoteMigrationsStep,
        OwnFileStep,
        PreflightStep,
        QuiesceStep,
        RecoverStep,
        RestartStep,
        RestoreStep,
        ResumeStep,
        ServicesStep,
        TrialStep,
        UnlockStep,
        VerifyStep,
        WatchStep,
    )
}

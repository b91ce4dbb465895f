"""Checkpoints: how far the run of a workflow came, kept after every step."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sessions.model import Audience, PersonId, WorkspaceId


class StepStatus(StrEnum):
    """How a step ended."""

    DONE = "done"
    SKIPPED = "skipped"
    """Its condition was not met."""
    REFUSED = "refused"
    FAILED = "failed"


class RunStatus(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    """Under way, or broken off: it can be resumed."""
    WAITING = "waiting"
    """For a person's approval of the step ``waiting_for``."""
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    """In its last step; resuming tries that step again."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step came to. A step that failed has an ``error``; it is tried again by a resume."""

    step: str
    status: StepStatus
    output: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run by its name, unique in its workspace (compared as session names are).

    ``fingerprint`` is of the workflow's definition as it was run: 12 hex digits. ``definition`` is the
    definition itself where no file has it: a plan's. ``results`` are in the order of the steps' end.
    ``revision`` counts the saves, from 1. ``taken_by`` is random for every process that goes on with the
    run, so that of two only one saves.
    """

    name: str
    workflow: str
    fingerprint: str
    saved_at: datetime
    audience: Audience
    starter: PersonId
    status: RunStatus = RunStatus.RUNNING
    results: tuple[StepResult, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    waiting_for: str = ""
    approved: tuple[str, ...] = ()
    definition: str = ""
    revision: int = 1
    taken_by: str = ""


class Checkpoints(Protocol):
    """The runs of a workspace. Steps may be repeated after a lost reply."""

    async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: Checkpoint) -> bool:
        """Put the checkpoint in the place of the one whose revision is one less (0: of none).

        False, and nothing is written, when another one stands there. A repeat (same revision and
        ``taken_by``) is true and writes nothing. Raises NoSuchSession when there is no such workspace.
        """
        ...

    async def checkpoint(self, workspace: WorkspaceId, name: str) -> Checkpoint | None:
        """Look a run up by its name, compared by :func:`sessions.names.fold`."""
        ...

    async def checkpoints(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> tuple[Checkpoint, ...]:
        """All runs of these audiences (None: of all), last saved first, ties by name."""
        ...

    async def delete_checkpoint(self, workspace: WorkspaceId, name: str) -> Checkpoint | None:
        """Erase the run and return it. None, and no-op, when there is none of that name."""
        ...

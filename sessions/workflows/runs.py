"""A run under way: its checkpoint, saved after every step so that only one process goes on with it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sessions.errors import RunTaken, StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.checkpoints import Checkpoint, Checkpoints, RunStatus, StepResult, StepStatus
from sessions.workflows.definition import ParallelStep, Workflow
from sessions.workflows.templates import Scope

_PATIENCE = 30.0
_PAUSE = 0.25
_ENDED = (StepStatus.DONE, StepStatus.SKIPPED, StepStatus.REFUSED)


@dataclass(frozen=True, slots=True)
class Logbook:
    """Where the runs of a workspace are kept, and by which clock and patience."""

    checkpoints: Checkpoints
    workspace: WorkspaceId
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def find(self, name: str) -> Checkpoint | None:
        """Look a run up by its name."""
        return await self.checkpoints.checkpoint(self.workspace, name)

    async def put(self, checkpoint: Checkpoint) -> Checkpoint:
        """Save it with the time; a store that is away is asked again for a while.

        Raises RunTaken where another one stands in its place, StoreUnavailable.
        """
        saved = replace(checkpoint, saved_at=self.clock())
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                done = await self.checkpoints.save_checkpoint(self.workspace, saved)
                break
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
            await self.sleep(_PAUSE)
        if not done:
            raise RunTaken(
                f"Another process goes on with the run “{checkpoint.name}”, or it was deleted: "
                "it ends here. What it saved is kept there."
            )
        return saved


class Run:
    """What stands in the logbook of one run, and the definition that it follows."""

    def __init__(self, logbook: Logbook, workflow: Workflow, checkpoint: Checkpoint) -> None:
        self._logbook = logbook
        self._saving = asyncio.Lock()
        self.workflow = workflow
        self.checkpoint = checkpoint

    @property
    def results(self) -> dict[str, StepResult]:
        """The results so far by step; a parallel step's are made of those inside it."""
        found = {one.step: one for one in self.checkpoint.results}
        for step in self.workflow.steps:
            if isinstance(step, ParallelStep) and step.name not in found:
                inner = [found[one.name] for one in step.steps if one.name in found]
                if len(inner) == len(step.steps) and all(one.status in _ENDED for one in inner):
                    outputs = (f"{one.step}:\n\n{one.output}" for one in inner if one.output)
                    found[step.name] = StepResult(step.name, StepStatus.DONE, "\n\n".join(outputs))
        return found

    @property
    def scope(self) -> Scope:
        """What a step can name."""
        return Scope(dict(self.checkpoint.variables), self.results)

    def has_ended(self, step: str) -> bool:
        """Whether the step need not be done any more."""
        result = self.results.get(step)
        return result is not None and result.status in _ENDED

    async def record(self, *results: StepResult, status: RunStatus = RunStatus.RUNNING) -> None:
        """Save how steps ended. Raises RunTaken."""
        ended = {one.step for one in results}
        async with self._saving:
            kept = tuple(one for one in self.checkpoint.results if one.step not in ended)
            await self._save(
                replace(self.checkpoint, results=kept + results, status=status, waiting_for="")
            )

    async def stand(self, status: RunStatus, waiting_for: str = "") -> None:
        """Save how the run stands. Raises RunTaken."""
        async with self._saving:
            await self._save(replace(self.checkpoint, status=status, waiting_for=waiting_for))

    async def _save(self, checkpoint: Checkpoint) -> None:
        following = replace(checkpoint, revision=self.checkpoint.revision + 1)
        self.checkpoint = await self._logbook.put(following)

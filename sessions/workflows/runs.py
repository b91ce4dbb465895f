"""A run under way: its checkpoint, saved after every step so that only one process goes on with it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from sessions.errors import RunTaken, StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.checkpoints import Checkpoint, Checkpoints, RunStatus, StepResult, StepStatus
from sessions.workflows.definition import ParallelStep, Workflow
from sessions.workflows.templates import Scope

T = TypeVar("T")

_PATIENCE = 30.0
_PAUSE = 0.25
_ENDED = (StepStatus.DONE, StepStatus.SKIPPED, StepStatus.REFUSED)


@dataclass(frozen=True, slots=True)
class Logbook:
    """Where the runs of a workspace are kept, by which clock; waited for so many seconds."""

    checkpoints: Checkpoints
    workspace: WorkspaceId
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    patience: float = _PATIENCE

    async def find(self, name: str) -> Checkpoint | None:
        """Look a run up by its name."""
        return await self.checkpoints.checkpoint(self.workspace, name)

    async def put(self, checkpoint: Checkpoint) -> Checkpoint:
        """Save it with the time; a store that is away is asked again for a while.

        Raises RunTaken where another one stands in its place, StoreUnavailable.
        """
        saved = replace(checkpoint, saved_at=self.clock())
        done = await self._while_away(lambda: self.checkpoints.save_checkpoint(self.workspace, saved))
        if not done:
            raise _taken(checkpoint)
        return saved

    async def follow(self, former: Checkpoint, checkpoint: Checkpoint) -> Checkpoint:
        """Save it behind the one that this process saved last. Raises RunTaken, StoreUnavailable.

        A run that was deleted and begun again under its name may stand at the same revision: so it is
        looked whether the one that stands there is this process's own.
        """
        there = await self._while_away(lambda: self.find(checkpoint.name))
        if there is None or there.taken_by != former.taken_by:
            raise _taken(checkpoint)
        return await self.put(checkpoint)

    async def _while_away(self, call: Callable[[], Awaitable[T]]) -> T:
        until = time.monotonic() + self.patience
        while True:
            try:
                return await call()
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
            await self.sleep(_PAUSE)


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
        self.checkpoint = await self._logbook.follow(self.checkpoint, following)


def _taken(checkpoint: Checkpoint) -> RunTaken:
    return RunTaken(
        f"Another process goes on with the run “{checkpoint.name}”, or it was deleted: "
        "it ends here. What it saved is kept there."
    )

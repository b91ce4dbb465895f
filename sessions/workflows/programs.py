"""Workflows for Python programs: run them, go on with them, list and delete their checkpoints."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Protocol, TypeVar

from sessions.errors import NoSuchRun, UsageError
from sessions.model import OPEN, PersonId, WorkspaceId, WorkspaceKey
from sessions.names import fold
from sessions.ports.catalog import Catalog
from sessions.ports.checkpoints import Checkpoint, Checkpoints, RunStatus
from sessions.ports.model import ChatModel
from sessions.workflows.definition import Workflow
from sessions.workflows.folder import Definitions, WorkflowFolder
from sessions.workflows.progress import RunResult, result_of
from sessions.workflows.reading import read_stored
from sessions.workflows.runner import Decide, Runner, Watch, nobody_decides, nobody_watches
from sessions.workflows.runs import Logbook, Run
from sessions.workflows.taking_up import (
    Owner,
    automatic_run_name,
    begin,
    check_functions,
    take_up,
)
from sessions.workflows.work import Function, Habits, Worker

F = TypeVar("F", bound=Function)
T = TypeVar("T")


class RunStore(Catalog, Checkpoints, Protocol):
    """The ports of a store that running workflows needs."""


StoreOpener = Callable[[], AbstractAsyncContextManager[RunStore]]
ModelOpener = Callable[[], AbstractAsyncContextManager[ChatModel]]


class WorkflowManager:
    """Runs the workflows of a folder and keeps a checkpoint after every step.

    The store is opened for each call; the model when a step first asks it. The methods without ``a``
    before their names wait for the end and are for programs without an event loop; where one runs they
    raise UsageError and name the method to await. What a person has to approve is put to ``decide``;
    without it the run waits, until it is resumed with ``approve``.
    """

    def __init__(
        self,
        *,
        store: StoreOpener,
        model: ModelOpener,
        folder: Path,
        workspace: str = "local",
        starter: str = "python",
        functions: Mapping[str, Function] | None = None,
        habits: Habits = Habits(),  # noqa: B008 - frozen
        watch: Watch = nobody_watches,
        decide: Decide = nobody_decides,
    ) -> None:
        self._store = store
        self._model = model
        self._folder = WorkflowFolder(folder)
        self._workspace = WorkspaceKey(workspace)
        self._starter = PersonId(starter)
        self._functions = dict(functions or {})
        self._habits = habits
        self._watch = watch
        self._decide = decide

    def register(self, function: F, name: str = "") -> F:
        """Let steps ``call`` the function by that name, by default its own; also as a decorator.

        An async function is awaited. A plain one runs in a thread, which goes on when its step's time
        is over: nothing can end it.
        """
        self._functions[name or function.__name__] = function
        return function

    def execute(
        self,
        name: str,
        *,
        checkpoint: str = "",
        resume: str = "",
        variables: Mapping[str, object] | None = None,
        rebase: bool = False,
        approve: bool | None = None,
    ) -> RunResult:
        """Do what :meth:`aexecute` does, and wait for its end."""
        return _alone(
            lambda: self.aexecute(
                name,
                checkpoint=checkpoint,
                resume=resume,
                variables=variables,
                rebase=rebase,
                approve=approve,
            ),
            "aexecute",
        )

    async def aexecute(
        self,
        name: str,
        *,
        checkpoint: str = "",
        resume: str = "",
        variables: Mapping[str, object] | None = None,
        rebase: bool = False,
        approve: bool | None = None,
    ) -> RunResult:
        """Run a workflow under the name ``checkpoint``, or go on with the run ``resume``.

        Returns also when a step failed or waits: see the result's ``status``. A run without a name gets
        one, and is forgotten when it is done. ``rebase`` resumes although the definition changed, and
        ``approve`` answers what the run waits for. Raises NoSuchWorkflow, InvalidWorkflow, NoSuchRun,
        RunTaken, WorkflowChanged, UsageError, InvalidName, StoreError.
        """
        if checkpoint and resume:
            raise UsageError("Give “checkpoint” to begin a run, or “resume” to go on with one; not both.")
        if (rebase or approve is not None) and not resume:
            raise UsageError("“rebase” and “approve” go with “resume”: say which run is meant.")
        given = {key: _as_text(value) for key, value in (variables or {}).items()}
        async with self._store() as store:
            logbook = await self._logbook(store)
            if resume:
                run = await self._taken(logbook, name, resume, given, rebase, approve)
                if run.checkpoint.status is RunStatus.DONE:
                    return result_of(run, ran=False)
            else:
                run = await self._begun(logbook, name, checkpoint, given)
            result = await self._go_on(run)
            if result.status is RunStatus.DONE and not (checkpoint or resume):
                await store.delete_checkpoint(logbook.workspace, result.checkpoint)
            return result

    def list_checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return the runs of the workspace, the last saved first."""
        return _alone(self.alist_checkpoints, "alist_checkpoints")

    async def alist_checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return the runs of the workspace, the last saved first."""
        async with self._store() as store:
            workspace = await store.workspace(self._workspace)
            return await store.checkpoints(workspace.id, None)

    def delete_checkpoint(self, name: str) -> Checkpoint:
        """Do what :meth:`adelete_checkpoint` does."""
        return _alone(lambda: self.adelete_checkpoint(name), "adelete_checkpoint")

    async def adelete_checkpoint(self, name: str) -> Checkpoint:
        """Erase a run and return what it was. Raises NoSuchRun."""
        async with self._store() as store:
            workspace = await store.workspace(self._workspace)
            deleted = await store.delete_checkpoint(workspace.id, name)
            if deleted is None:
                raise await _no_such_run(store, workspace.id, name)
            return deleted

    async def definitions(self) -> Definitions:
        """Return the workflows of the folder."""
        return await self._folder.read()

    async def _logbook(self, store: RunStore) -> Logbook:
        return Logbook(store, (await store.workspace(self._workspace)).id)

    async def _begun(self, logbook: Logbook, name: str, run: str, given: Mapping[str, str]) -> Run:
        workflow = await self._folder.find(name)
        check_functions(workflow, self._functions)
        owner = Owner(OPEN, self._starter)
        return await begin(logbook, workflow, run or automatic_run_name(workflow.name), given, owner)

    async def _taken(
        self,
        logbook: Logbook,
        name: str,
        run: str,
        given: Mapping[str, str],
        rebase: bool,
        approve: bool | None,
    ) -> Run:
        there = await logbook.find(run)
        if there is None:
            raise await _no_such_run(logbook.checkpoints, logbook.workspace, run)
        if name and fold(name) != fold(there.workflow):
            raise UsageError(
                f"“{there.name}” is a run of the workflow “{there.workflow}”, not of that one."
            )
        workflow = await definition_of(there, self._folder)
        if there.status is RunStatus.DONE:
            return Run(logbook, workflow, there)
        check_functions(workflow, self._functions, there.results)
        if approve is not None and there.status is not RunStatus.WAITING:
            raise UsageError(f"The run “{there.name}” waits for nobody. Resume it without “approve”.")
        return await take_up(logbook, workflow, there, given=given, rebase=rebase, approve=approve)

    async def _go_on(self, run: Run) -> RunResult:
        async with AsyncExitStack() as stack:
            opening = asyncio.Lock()
            opened: list[ChatModel] = []

            async def model() -> ChatModel:
                async with opening:
                    if not opened:
                        opened.append(await stack.enter_async_context(self._model()))
                return opened[0]

            worker = Worker(model, self._functions, self._habits)
            return await Runner(run, worker, self._watch, self._decide).go_on()


async def definition_of(checkpoint: Checkpoint, folder: WorkflowFolder) -> Workflow:
    """Return what a run follows: its own plan, or the workflow of that name in the folder.

    Raises NoSuchWorkflow, InvalidWorkflow.
    """
    if checkpoint.definition:
        return read_stored(checkpoint.definition, f"The plan of the run “{checkpoint.name}”")
    return await folder.find(checkpoint.workflow)


async def _no_such_run(checkpoints: Checkpoints, workspace: WorkspaceId, name: str) -> NoSuchRun:
    there = ", ".join(f"“{one.name}”" for one in (await checkpoints.checkpoints(workspace, None))[:20])
    return NoSuchRun(
        f"There is no checkpoint “{name[:64]}”. "
        + (f"There are: {there}." if there else "There are none.")
    )


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _alone(work: Callable[[], Coroutine[object, object, T]], instead: str) -> T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    raise UsageError(
        f"An event loop is running here, and this method would block it: await {instead}(…) instead."
    )

"""The commands about workflows as plain async methods: one implementation for every surface.

What takes long is not done here: ``run``, ``resume``, ``decide`` and ``plan`` check what was said and
return the :class:`~sessions.model.Task` of an Inbound that the surface accepts with ``Ask.TASK``, under
the event of the command: checked again for that event, they return the same whatever became of the run.
"""

from collections.abc import Mapping

from sessions.commands import Caller
from sessions.errors import (
    InvalidWorkflow,
    NoSuchRun,
    NoSuchWorkflow,
    NotPermitted,
    UsageError,
    WorkflowChanged,
)
from sessions.model import OPEN, OPERATOR, Audience, Task, Verb, Workspace
from sessions.names import fold, name_digest
from sessions.ports.checkpoints import Checkpoint, RunStatus
from sessions.workflows.definition import Workflow
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.outcomes import (
    ConfirmDeleteRun,
    RunDeleted,
    RunKept,
    RunShown,
    WorkflowShown,
    WorkflowsListed,
)
from sessions.workflows.programs import RunStore, definition_of
from sessions.workflows.progress import question_of
from sessions.workflows.runs import Logbook, Run
from sessions.workflows.taking_up import (
    begun_by,
    check_free,
    check_functions,
    check_unchanged,
    taken_by,
    values,
)
from sessions.workflows.tasks import check_verb, elsewhere
from sessions.workflows.work import Functions

WORDS = ("list", "show", "run", "resume", "approve", "refuse", "delete")


class WorkflowCommands:
    """The words of ``/workflow``. Parameters after ``caller`` are what a person can say.

    A run is seen where its audience is; what a private channel ran is not seen elsewhere. The caller's
    thread need not be bound: an Inbound there starts its session.
    """

    def __init__(self, store: RunStore, folder: WorkflowFolder, functions: Functions) -> None:
        self._store = store
        self._folder = folder
        self._functions = functions

    async def list(self, caller: Caller) -> WorkflowsListed:
        """List the workflows, and the runs that the caller may see."""
        found = await self._folder.read()
        return WorkflowsListed(found.workflows, found.broken, await self.runs(caller))

    async def runs(self, caller: Caller) -> tuple[Checkpoint, ...]:
        """Return the runs that the caller may see, the last saved first."""
        workspace = await self._workspace(caller)
        return await self._store.checkpoints(workspace.id, caller.audiences)

    async def show(self, caller: Caller, name: str) -> WorkflowShown | RunShown:
        """Show a run, or else a workflow. Raises NoSuchWorkflow, InvalidWorkflow."""
        run = await self._seen(caller, name)
        if run is not None:
            return await self._run_shown(caller, run)
        return await self.show_workflow(caller, name)

    async def show_workflow(self, caller: Caller, name: str) -> WorkflowShown:
        """Show a workflow. Raises NoSuchWorkflow, InvalidWorkflow."""
        workflow = await self._folder.find(name)
        runs = await self.runs(caller)
        return WorkflowShown(workflow, tuple(one for one in runs if _is_of(one, workflow)))

    async def show_run(self, caller: Caller, run: str) -> RunShown:
        """Show a run. Raises NoSuchRun."""
        return await self._run_shown(caller, await self._named(caller, run))

    async def run(
        self, caller: Caller, workflow: str, run: str = "", *, variables: Mapping[str, str] | None = None
    ) -> Task:
        """Return the task of a new run; without a name it gets one.

        Raises NoSuchWorkflow, InvalidWorkflow, RunTaken, InvalidName, UsageError.
        """
        found = await self._folder.find(workflow)
        check_functions(found, self._functions)
        given = dict(variables or {})
        values(found, given)
        if run:
            workspace = await self._workspace(caller)
            there = await self._store.checkpoint(workspace.id, run)
            if there is None or begun_by(there) != caller.event:
                await check_free(Logbook(self._store, workspace.id), run, _audience(caller))
        return Task(Verb.RUN, found.name, run, tuple(given.items()))

    async def resume(self, caller: Caller, run: str, *, rebase: bool = False) -> Task:
        """Return the task of going on with a run.

        Raises NoSuchRun, WiderAudience, WorkflowChanged, UsageError (it is over).
        """
        found = await self._usable(caller, run)
        task = Task(Verb.RESUME, found.workflow, found.name, rebase=rebase)
        if taken_by(found) == caller.event:
            return task
        if found.status in (RunStatus.DONE, RunStatus.REFUSED):
            raise UsageError(
                f"The run “{found.name}” is over: {found.status}. There is nothing to resume."
            )
        workflow = await definition_of(found, self._folder)
        if not rebase:
            check_unchanged(workflow, found)
        check_functions(workflow, self._functions, found.results)
        return task

    async def decide(self, caller: Caller, run: str, *, approve: bool) -> Task:
        """Return the task of going on with a run that waits, or of ending it.

        Raises NoSuchRun, WiderAudience, WorkflowChanged, UsageError (it waits for no decision).
        """
        found = await self._usable(caller, run)
        verb = Verb.APPROVE if approve else Verb.REFUSE
        if taken_by(found) == caller.event:
            return Task(verb, found.workflow, found.name)
        check_verb(verb, found)
        check_unchanged(await definition_of(found, self._folder), found)
        return Task(verb, found.workflow, found.name, step=found.waiting_for)

    async def decide_digest(self, caller: Caller, run: str, step: str, *, approve: bool) -> Task:
        """Do what :meth:`decide` does, for the digests of a run's and a step's names that a button has.

        What was asked about another step decides nothing about the one that waits now.
        """
        name = await self._of_digest(caller, run)
        task = await self.decide(caller, name, approve=approve)
        if task.step and name_digest(task.step) != step:
            raise UsageError(
                f"That was decided already; the run “{name}” waits for another decision. "
                f"See it first: /workflow show {name}"
            )
        return task

    async def delete_digest(self, caller: Caller, digest: str) -> ConfirmDeleteRun | RunDeleted:
        """Delete the run whose name's digest a confirmation carries; the right to is checked again."""
        return await self.delete(caller, await self._of_digest(caller, digest), confirmed=True)

    async def keep_digest(self, caller: Caller, digest: str) -> RunKept:
        """Take a delete back; whoever may do that may delete. Raises NoSuchRun when it is done."""
        found = await self._named(caller, await self._of_digest(caller, digest))
        await self._check_delete(caller, found)
        return RunKept(found)

    async def plan(self, caller: Caller) -> Task:
        """Return the task of making a plan for the Inbound's text."""
        return Task(Verb.PLAN)

    async def delete(
        self, caller: Caller, run: str, *, confirmed: bool = False
    ) -> ConfirmDeleteRun | RunDeleted:
        """Ask whether to delete a run, or do it. Raises NoSuchRun, NotPermitted.

        Whoever goes on with the run at that moment can save nothing any more and ends.
        """
        found = await self._named(caller, run)
        await self._check_delete(caller, found)
        if not confirmed:
            return ConfirmDeleteRun(found)
        workspace = await self._workspace(caller)
        return RunDeleted(await self._store.delete_checkpoint(workspace.id, found.name) or found)

    async def _check_delete(self, caller: Caller, found: Checkpoint) -> None:
        may = caller.operator or found.starter == caller.person.id or await caller.administers()
        if not may:
            raise NotPermitted(
                f"Only the person who began “{found.name}” or an administrator of this chat can "
                "delete it."
            )

    async def _of_digest(self, caller: Caller, digest: str) -> str:
        runs = await self.runs(caller)
        found = next((one.name for one in runs if name_digest(one.name) == digest), None)
        if found is None:
            raise NoSuchRun("That run is gone. Say “workflow list” to see what is there.")
        return found

    async def _workspace(self, caller: Caller) -> Workspace:
        return await self._store.workspace(caller.place.workspace, caller.place.home)

    async def _run_shown(self, caller: Caller, run: Checkpoint) -> RunShown:
        try:
            workflow = await definition_of(run, self._folder)
            check_unchanged(workflow, run)
        except (NoSuchWorkflow, InvalidWorkflow, WorkflowChanged):
            return RunShown(run, None)
        logbook = Logbook(self._store, (await self._workspace(caller)).id)
        return RunShown(run, workflow, question_of(Run(logbook, workflow, run)))

    async def _seen(self, caller: Caller, name: str) -> Checkpoint | None:
        workspace = await self._workspace(caller)
        found = await self._store.checkpoint(workspace.id, name.strip())
        audiences = caller.audiences
        may = found is not None and (audiences is None or found.audience in audiences)
        return found if may else None

    async def _named(self, caller: Caller, name: str) -> Checkpoint:
        if not name.strip():
            raise UsageError("Say which run, by its name; the list has the names.")
        found = await self._seen(caller, name)
        if found is None:
            there = (await self.runs(caller))[:10]
            names = ", ".join(f"“{one.name}”" for one in there)
            hint = f"There are: {names}." if names else "There are none."
            raise NoSuchRun(f"There is no run “{name[:64]}”. {hint}")
        return found

    async def _usable(self, caller: Caller, name: str) -> Checkpoint:
        """Find a run that may go on here: in sessions of its audience. The operator's may be any."""
        found = await self._named(caller, name)
        if caller.place.audience not in (found.audience, OPERATOR):
            raise elsewhere(found)
        return found


def _audience(caller: Caller) -> Audience:
    return OPEN if caller.place.audience == OPERATOR else caller.place.audience


def _is_of(run: Checkpoint, workflow: Workflow) -> bool:
    return not run.definition and fold(run.workflow) == fold(workflow.name)

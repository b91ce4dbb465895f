"""Does tasks as turns of a session: runs, decisions and plans, with the progress as the answer."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

import structlog

from sessions.errors import NoSuchRun, RunTaken, UsageError, WiderAudience
from sessions.model import OPEN, OPERATOR, EventId, Message, Role, Task, Turn, Usage, Verb, WorkspaceId
from sessions.names import fold
from sessions.ports.checkpoints import Checkpoint, RunStatus
from sessions.ports.model import ChatModel
from sessions.ports.tasks import TaskOutcome
from sessions.ports.turns import Work
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.planning import GO_AHEAD, PLAN, as_workflow, make_plan, titles
from sessions.workflows.programs import RunStore, definition_of
from sessions.workflows.progress import (
    Progress,
    heading,
    progress_of,
    progress_text,
    question_of,
    result_text,
)
from sessions.workflows.runner import Runner
from sessions.workflows.runs import Logbook, Run
from sessions.workflows.taking_up import (
    Owner,
    automatic_run_name,
    begin,
    begun_by,
    check_functions,
    take_up,
    taken_by,
)
from sessions.workflows.work import Functions, Habits, Worker, explain_by_incident

log = structlog.get_logger()

Show = Callable[[str], None]

_CONVERSATION = 100
"""Messages of the session that are looked at for a plan."""


class WorkflowTasks:
    """Runs workflows and plans for the turns of an engine; see :class:`sessions.ports.tasks.Tasks`.

    A run belongs to the audience of the session in which it began, and goes on only in sessions of that
    audience. Its checkpoint tells which turn goes on with it: the same turn, carried out again, goes on
    where the checkpoint stands.
    """

    def __init__(
        self,
        store: RunStore,
        model: ChatModel,
        folder: WorkflowFolder,
        functions: Functions,
        *,
        habits: Habits = Habits(explain=explain_by_incident),  # noqa: B008 - frozen
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._model = model
        self._folder = folder
        self._functions = functions
        self._habits = habits
        self._clock = clock
        self._running: dict[tuple[WorkspaceId, str], EventId] = {}

    async def carry_out(self, work: Work, show: Show) -> TaskOutcome:
        """Do the turn's task; see :meth:`sessions.ports.tasks.Tasks.carry_out`."""
        task = work.turn.inbound.task
        if task is None:
            raise UsageError("It is not said what to do. Name a workflow: /workflow run NAME")
        logbook = Logbook(self._store, work.session.key.workspace, self._clock, patience=math.inf)
        name = self._run_name(task, work.turn)
        with self._alone(logbook.workspace, name, work.turn.id):
            there = await logbook.find(name)
            usage = Usage()
            if there is not None and work.turn.id in (begun_by(there), taken_by(there)):
                run = await self._again(logbook, there, task, work.turn)
            elif task.verb is Verb.PLAN:
                run, usage = await self._planned(logbook, name, work)
            elif task.verb is Verb.RUN:
                run = await self._begun(logbook, name, task, work)
            else:
                run = await self._taken(logbook, there, task, work)
            return await self._go_on(run, work, show, usage)

    async def steps_ended(self, work: Work) -> int:
        """See :meth:`sessions.ports.tasks.Tasks.steps_ended`."""
        task, turn = work.turn.inbound.task, work.turn
        if task is None:
            return 0
        name = self._run_name(task, turn)
        there = await self._store.checkpoint(work.session.key.workspace, name)
        is_own = there is not None and turn.id in (begun_by(there), taken_by(there))
        return len(there.results) if there is not None and is_own else 0

    def _run_name(self, task: Task, turn: Turn) -> str:
        if task.run:
            return task.run
        if task.verb not in (Verb.RUN, Verb.PLAN):
            raise UsageError("It is not said which run is meant: give its name.")
        return automatic_run_name(PLAN if task.verb is Verb.PLAN else task.workflow, turn.id)

    @contextmanager
    def _alone(self, workspace: WorkspaceId, name: str, turn: EventId) -> Iterator[None]:
        """Keep a run that goes on here from being taken up by another session of this process."""
        key = (workspace, fold(name))
        if self._running.get(key, turn) != turn:
            raise RunTaken(
                f"The run “{name}” is under way at this moment. Wait for it, or end it with /stop there."
            )
        self._running[key] = turn
        try:
            yield
        finally:
            if self._running.get(key) == turn:
                del self._running[key]

    async def _again(self, logbook: Logbook, there: Checkpoint | None, task: Task, turn: Turn) -> Run:
        """Take up what this very turn did before the process that ran it ended.

        One that only lost its lease may save a last step on the way.
        """
        while there is not None:
            workflow = await definition_of(there, self._folder)
            if there.status is not RunStatus.RUNNING:
                return Run(logbook, workflow, there)
            if taken_by(there) != turn.id:
                raise RunTaken(f"The run “{there.name}” began, and another message goes on with it.")
            try:
                return await take_up(logbook, workflow, there, turn=turn.id, rebase=task.rebase)
            except RunTaken:
                before, there = there, await logbook.find(there.name)
                if there is not None and there.revision <= before.revision:
                    raise
        raise NoSuchRun("The run was deleted meanwhile. Begin a new one; the list has the workflows.")

    async def _planned(self, logbook: Logbook, name: str, work: Work) -> tuple[Run, Usage]:
        inbound, session = work.turn.inbound, work.session
        asked = Message(Role.USER, inbound.text, work.turn.id, inbound.sent_at, inbound.author)
        recent = await self._store.transcript(session.key, None, _CONVERSATION)
        model = inbound.wishes.model or session.preferences.model
        steps, usage = await make_plan(self._model, asked, recent, model)
        workflow, values = as_workflow(steps)
        values["goal"] = inbound.text
        run = await begin(logbook, workflow, name, values, _owner(work), waiting_for=GO_AHEAD)
        return run, usage

    async def _begun(self, logbook: Logbook, name: str, task: Task, work: Work) -> Run:
        workflow = await self._folder.find(task.workflow)
        check_functions(workflow, self._functions)
        return await begin(logbook, workflow, name, dict(task.variables), _owner(work))

    async def _taken(self, logbook: Logbook, there: Checkpoint | None, task: Task, work: Work) -> Run:
        found = check_audience(there, task.run, work)
        workflow = await definition_of(found, self._folder)
        approve = check_verb(task.verb, found, task.step)
        if approve is None and found.status is RunStatus.DONE:
            return Run(logbook, workflow, found)
        check_functions(workflow, self._functions, found.results)
        return await take_up(
            logbook,
            workflow,
            found,
            turn=work.turn.id,
            given=dict(task.variables),
            rebase=task.rebase,
            approve=approve,
        )

    async def _go_on(self, run: Run, work: Work, show: Show, usage: Usage) -> TaskOutcome:
        named = titles(run.checkpoint)
        inbound, preferences = work.turn.inbound, work.session.preferences
        habits = replace(
            self._habits,
            model=inbound.wishes.model or preferences.model or self._habits.model,
            shorten=bool(run.checkpoint.definition),
            system=inbound.wishes.system or preferences.system or self._habits.system,
        )

        async def model() -> ChatModel:
            return self._model

        def watch(progress: Progress) -> None:
            show(progress_text(progress, named))

        worker = Worker(model, self._functions, habits)
        worker.usage = usage
        result = await Runner(run, worker, watch).go_on()
        log.info("task.done", turn=work.turn.id, status=str(result.status), steps=len(result.steps))
        question = question_of(run)
        if run.checkpoint.waiting_for == GO_AHEAD and named:
            text = f"{heading(progress_of(run))}\n\n{question}"  # which has all the steps
        else:
            text = result_text(run, progress_of(run), question, named)
        decision = result.checkpoint if question else ""
        step = run.checkpoint.waiting_for if decision else ""
        return TaskOutcome(text, _note(run), decision, step, result.usage)


def check_audience(found: Checkpoint | None, name: str, work: Work) -> Checkpoint:
    """Return the run if the turn's session may go on with it. Raises NoSuchRun, WiderAudience."""
    audience, place = work.session.audience, work.turn.inbound.place
    if found is None or (found.audience not in (OPEN, audience) and place.audience != OPERATOR):
        raise NoSuchRun(f"There is no run “{name[:64]}”. See the list of the runs for their names.")
    if found.audience != audience:
        raise elsewhere(found)
    return found


def elsewhere(found: Checkpoint) -> WiderAudience:
    """Return what is raised for a run that goes on in sessions of another audience only."""
    return WiderAudience(
        f"The run “{found.name}” began where other people can read along than here. Go on with it there, "
        "or begin a new run here."
    )


def check_verb(verb: Verb, found: Checkpoint, step: str = "") -> bool | None:
    """Return the decision that a verb makes about the run, if any.

    What was said twice about one ``step`` decides nothing about the next. Raises UsageError.
    """
    match verb:
        case Verb.RUN | Verb.PLAN | Verb.RESUME:
            return None
        case Verb.APPROVE | Verb.REFUSE:
            if found.status is not RunStatus.WAITING:
                raise UsageError(f"The run “{found.name}” waits for no decision: it is {found.status}.")
            if step not in ("", found.waiting_for):
                raise UsageError(
                    f"“{step}” is decided already; the run “{found.name}” waits for another decision. "
                    f"See it first: /workflow show {found.name}"
                )
            return verb is Verb.APPROVE
        case _:
            assert_never(verb)


def _owner(work: Work) -> Owner:
    return Owner(work.session.audience, work.turn.inbound.author.id, work.turn.id)


def _note(run: Run) -> str:
    match run.checkpoint.status:
        case RunStatus.FAILED:
            return (
                "A step failed; what was done before is kept. To try that step again: "
                f"/workflow resume {run.checkpoint.name}"
            )
        case RunStatus.REFUSED:
            return "The run ended here: it was refused."
        case _:
            return ""

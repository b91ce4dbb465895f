"""Workflows and plans for the turns of an engine, imported when the first one is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bots.settings import Settings
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.ports.tasks import TaskOutcome, Tasks
from sessions.ports.turns import Work

if TYPE_CHECKING:
    from sessions.workflows.commands import WorkflowCommands
    from sessions.workflows.folder import WorkflowFolder


class LateTasks:
    """The tasks of the deployment; a module of functions is imported at once, so that a bad one shows.

    Raises SettingError for it.
    """

    def __init__(self, settings: Settings, store: Store, model: ChatModel) -> None:
        self._settings = settings
        self._store = store
        self._model = model
        self._functions = _functions(settings)
        self._tasks: Tasks | None = None

    async def carry_out(self, work: Work, show: Callable[[str], None]) -> TaskOutcome:
        """See :meth:`sessions.ports.tasks.Tasks.carry_out`."""
        return await self._wanted().carry_out(work, show)

    async def steps_ended(self, work: Work) -> int:
        """See :meth:`sessions.ports.tasks.Tasks.steps_ended`."""
        return await self._wanted().steps_ended(work)

    def _wanted(self) -> Tasks:
        if self._tasks is None:
            from sessions.workflows.tasks import WorkflowTasks
            from sessions.workflows.work import Habits, explain_by_incident

            habits = Habits(system=self._settings.system_prompt, explain=explain_by_incident)
            folder = workflow_folder(self._settings)
            self._tasks = WorkflowTasks(self._store, self._model, folder, self._functions, habits=habits)
        return self._tasks


def workflow_folder(settings: Settings) -> "WorkflowFolder":
    """Return where the deployment's workflows are."""
    from sessions.workflows.folder import WorkflowFolder

    return WorkflowFolder(settings.home / "workflows")


def workflow_commands(settings: Settings, store: Store) -> "WorkflowCommands":
    """Return the commands about the deployment's workflows. Raises SettingError."""
    from sessions.workflows.commands import WorkflowCommands

    return WorkflowCommands(store, workflow_folder(settings), _functions(settings))


def _functions(settings: Settings) -> dict[str, Callable[..., object]]:
    if not settings.workflow_functions:
        return {}
    from bots.functions import load_functions

    return load_functions(settings.workflow_functions)

"""A folder of workflows, a store and a model that a test writes for."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sessions.commands import Caller
from sessions.model import (
    OPEN,
    Ask,
    Audience,
    EventId,
    Holder,
    Inbound,
    Lease,
    Person,
    Place,
    Platform,
    Session,
    SessionId,
    SessionKey,
    Status,
    Task,
    ThreadRef,
    Turn,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.model import Prompt
from sessions.ports.tasks import TaskOutcome
from sessions.ports.turns import Work
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.programs import WorkflowManager
from sessions.workflows.progress import Progress
from sessions.workflows.runner import Decide, nobody_decides
from sessions.workflows.tasks import WorkflowTasks
from sessions.workflows.work import Function, Habits
from storage.memory import MemoryStore
from tests.engine.parts import ADA, AT, ScriptedModel

PLACE = Place(WorkspaceKey("telegram:-100"), ThreadRef(Platform.TELEGRAM, "-100", "7"))


def step_asked(prompt: Prompt) -> str:
    """The words of the step alone."""
    return prompt.messages[-1].content


@dataclass
class House:
    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    model: ScriptedModel = field(
        default_factory=lambda: ScriptedModel(lambda one: f"<{step_asked(one)}>")
    )
    functions: dict[str, Function] = field(default_factory=dict)
    seen: list[Progress] = field(default_factory=list)

    def define(self, text: str, name: str = "deploy") -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    @property
    def asked(self) -> list[str]:
        return [step_asked(one) for one in self.model.prompts]

    def manager(self, decide: Decide = nobody_decides) -> WorkflowManager:
        return WorkflowManager(
            store=lambda: nullcontext(self.store),
            model=lambda: nullcontext(self.model),
            folder=self.folder,
            functions=self.functions,
            habits=Habits(pause=timedelta(0)),
            watch=self.seen.append,
            decide=decide,
        )

    def tasks(self) -> WorkflowTasks:
        """The tasks of another process: only the store is shared."""
        return WorkflowTasks(self.store, self.model, WorkflowFolder(self.folder), self.functions)

    def commands(self) -> WorkflowCommands:
        return WorkflowCommands(self.store, WorkflowFolder(self.folder), self.functions)

    def caller(self, event: str = "e", person: Person = ADA, audience: Audience = OPEN) -> Caller:
        place = Place(PLACE.workspace, PLACE.thread, audience)
        return Caller(person, place, EventId(event))

    async def workspace(self) -> WorkspaceId:
        return (await self.store.workspace(PLACE.workspace)).id

    async def work(
        self, task: Task, event: str = "e1", text: str = "", audience: Audience = OPEN
    ) -> Work:
        """A turn with that task, as a lane has it."""
        key = SessionKey(await self.workspace(), SessionId("s"))
        session = Session(key, "s", "", Status.ACTIVE, audience, ADA.id, AT, AT)
        inbound = Inbound(EventId(event), PLACE, ADA, text, 1, "1", AT, ask=Ask.TASK, task=task)
        return Work(Lease(key, Holder("h"), "t", 1, AT), Turn(key, inbound, AT), session)

    async def carry_out(
        self, task: Task, event: str = "e1", text: str = "", audience: Audience = OPEN
    ) -> TaskOutcome:
        shown: list[str] = []
        return await self.tasks().carry_out(await self.work(task, event, text, audience), shown.append)

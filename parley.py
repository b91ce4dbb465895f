"""The library's face for Python programs: agents, workflows, stores; imports nothing until asked.

>>> from parley import Agent, MemoryConfig
>>> agent = Agent(name="Assistant", memory=MemoryConfig(auto_save="my-project"), store="memory:")
>>> with agent:
...     answer = agent.start("My name is Ada")
...     agent.start("What is my name?")
'You told me that your name is Ada.'

Defaults are those of the command line: ``PARLEY_STORAGE``, ``PARLEY_MODEL``, ``OPENAI_API_KEY`` and the
other settings, from the environment, ``.env`` or ``parley.toml``. docs/python.md tells more.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from bots.settings import Settings
    from bots.terminal.asking import Asking
    from bots.terminal.home import Home
    from bots.terminal.presenters import Presenter
    from bots.terminal.programs import Programmed, Purpose
    from sessions.commands import SessionCommands
    from sessions.engine import Engine
    from sessions.errors import ParleyError, Unanswered
    from sessions.model import Answer
    from sessions.ports.checkpoints import Checkpoint
    from sessions.ports.store import Store
    from sessions.workflows.programs import WorkflowManager as Runs
    from sessions.workflows.progress import RunResult
    from sessions.workflows.runner import Decide, Watch
    from storage.opening import open_store

__all__ = [
    "Agent",
    "Engine",
    "MemoryConfig",
    "ParleyError",
    "SessionCommands",
    "Unanswered",
    "WorkflowManager",
    "open_store",
]

_ROOMS = {
    "Engine": "sessions.engine",
    "ParleyError": "sessions.errors",
    "SessionCommands": "sessions.commands",
    "Unanswered": "sessions.errors",
    "open_store": "storage.opening",
}

_HISTORY = 5
"""So many earlier sessions are in the context where it is only said that they should be."""

F = TypeVar("F", bound=Callable[..., object])


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'parley' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ROOMS[name]), name)


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """What an agent keeps.

    ``auto_save`` names the session in which every run is saved, which is the one that
    ``parley "…" --session NAME`` has too; without it, it is called like the agent. ``facts``: what is
    known about the person is drawn on, and more is remembered when that is asked for.
    """

    auto_save: str = ""
    facts: bool = True


class Agent:
    """Somebody to ask, with a session, a memory and things to draw on.

    ``memory``: a MemoryConfig, or True for its defaults; without it the agent has a session of its own,
    which is deleted when the agent is closed. ``context`` puts the last five sessions that were used, or
    ``history`` many, into each prompt; ``knowledge`` what was added by ``parley knowledge add``;
    ``fast_context`` the relevant code of that folder. ``model`` and ``system`` (what the model is told
    first) go before those of the settings. ``store`` is a URL as :func:`open_store` takes it, or an open
    store, which needs ``async with`` and :meth:`ask`.

    The agent opens what it needs with the first question and keeps it: ask as often as you like, and
    close it in the end, best by ``with`` or ``async with``. Questions of one agent are answered in order.
    Raises InvalidName and UsageError for what cannot work.
    """

    def __init__(
        self,
        name: str = "Assistant",
        *,
        memory: bool | MemoryConfig = False,
        context: bool = False,
        history: int | None = None,
        knowledge: bool = False,
        fast_context: str | Path | None = None,
        model: str = "",
        system: str = "",
        store: "str | Store | None" = None,
    ) -> None:
        from bots.terminal.home import Home
        from sessions.names import parse_name

        self.name = parse_name(name)
        kept = _kept(memory)
        self._session = parse_name(kept.auto_save or name) if kept else ""
        self._facts = bool(kept and kept.facts)
        self._history = _sessions(history, context)
        self._knowledge = knowledge
        self._folder = None if fast_context is None else _folder(fast_context)
        self._model, self._system, self._store = model, system, store
        self._home = Home(self._opening) if isinstance(store, str | None) else None
        self._entered: Programmed | None = None
        self._leave: Callable[..., Coroutine[Any, Any, bool | None]] | None = None

    def start(self, text: str, *, show: Callable[[str], object] | None = None) -> str:
        """Ask, wait, and return the whole answer as Markdown; nothing is printed.

        ``show`` is called with the answer's text as it comes. Ctrl-C stops the answer. Raises Unanswered
        where there is no whole answer, UserError and StoreError where the question was not taken, and
        UsageError where an event loop runs: there it is ``await agent.ask(…)``.
        """
        _refuse_in_loop("agent.ask(…)")
        from bots.terminal.asking import ask_and_wait

        return ask_and_wait(self._opened(), _question(text), show)

    def ask(self, text: str) -> "Asking":
        """Ask from a coroutine: ``await`` the whole answer, or iterate over its text with ``async for``.

        See :class:`bots.terminal.asking.Asking`; its ``answer`` tells in the end what was used.
        """
        from bots.terminal.asking import Asking

        question = _question(text)

        async def put(presenter: "Presenter") -> "Answer":
            if self._entered is not None:
                return await self._entered.say(question, presenter)
            return await self._opened().acall(lambda there: there.say(question, presenter))

        return Asking(put)

    def close(self) -> None:
        """Stop what runs and close what was opened; a repeat is a no-op. Then nothing can be asked."""
        if self._home is not None:
            self._home.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        if self._home is None:
            opening = self._opening()
            self._entered, self._leave = await opening.__aenter__(), opening.__aexit__
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._leave is not None:
            self._entered, leave, self._leave = None, self._leave, None
            await leave(kind, error, trace)
        else:
            import asyncio

            await asyncio.to_thread(self.close)

    def _opened(self) -> "Home[Programmed]":
        if self._home is not None:
            return self._home
        from sessions.errors import UsageError

        raise UsageError(
            "The store that the agent got is open in an event loop. Write “async with Agent(…) as agent” "
            "and “await agent.ask(…)” there, or give the agent the store's URL."
        )

    @asynccontextmanager
    async def _opening(self) -> "AsyncIterator[Programmed]":
        from bots.settings import load_here
        from bots.terminal.programs import open_programmed

        settings, purpose = load_here(), self._purpose()
        async with (
            _open(self._store, settings) as store,
            open_programmed(settings, store, purpose) as programmed,
        ):
            yield programmed

    def _purpose(self) -> "Purpose":
        from bots.terminal.programs import Purpose
        from sessions.model import Wishes

        wishes = Wishes(self._model, self._system, self._facts, self._knowledge, self._history)
        return Purpose(self._session, wishes, self._folder)


class WorkflowManager:
    """Runs workflows and keeps a checkpoint after every step.

    Workflows are YAML files in ``folder``, by default ``workflows`` in ``PARLEY_HOME``. ``store`` is a
    URL as :func:`open_store` takes it, ``model`` a name; both go before the settings. ``functions`` are
    what steps may ``call``; see also :meth:`register`. ``watch`` is told every step, and ``decide`` is
    asked what a person has to approve: see :mod:`sessions.workflows.runner`. The methods without ``a``
    before their names wait, and are for programs without an event loop.
    """

    def __init__(
        self,
        *,
        store: str | None = None,
        model: str = "",
        folder: str | Path | None = None,
        functions: Mapping[str, Callable[..., object]] | None = None,
        watch: "Watch | None" = None,
        decide: "Decide | None" = None,
    ) -> None:
        self._store, self._model, self._folder = store, model, folder
        self._functions = dict(functions or {})
        self._watch, self._decide = watch, decide

    def register(self, function: F, name: str = "") -> F:
        """Let steps ``call`` the function by that name, by default its own; also as a decorator."""
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
    ) -> "RunResult":
        """Run a workflow as the run ``checkpoint``, or go on with the run ``resume``; wait for its end.

        Returns also when a step failed or waits for a person: see the result's ``status``. ``rebase``
        resumes although the definition was changed; ``approve`` answers what the run waits for. Raises
        UserError, whose text says what to do, and StoreError.
        """
        return self._runs().execute(
            name,
            checkpoint=checkpoint,
            resume=resume,
            variables=variables,
            rebase=rebase,
            approve=approve,
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
    ) -> "RunResult":
        """Do what :meth:`execute` does, in the running event loop."""
        return await self._runs().aexecute(
            name,
            checkpoint=checkpoint,
            resume=resume,
            variables=variables,
            rebase=rebase,
            approve=approve,
        )

    def list_checkpoints(self) -> "tuple[Checkpoint, ...]":
        """Return the runs that are kept, the last saved first."""
        return self._runs().list_checkpoints()

    async def alist_checkpoints(self) -> "tuple[Checkpoint, ...]":
        """Do what :meth:`list_checkpoints` does, in the running event loop."""
        return await self._runs().alist_checkpoints()

    def delete_checkpoint(self, name: str) -> "Checkpoint":
        """Erase a run and return what it was. Raises NoSuchRun."""
        return self._runs().delete_checkpoint(name)

    async def adelete_checkpoint(self, name: str) -> "Checkpoint":
        """Do what :meth:`delete_checkpoint` does, in the running event loop."""
        return await self._runs().adelete_checkpoint(name)

    def _runs(self) -> "Runs":
        from bots.models import chat_model, with_model
        from bots.quiet import quiet_logs
        from bots.settings import load_here
        from sessions.workflows.programs import WorkflowManager as Runs
        from sessions.workflows.runner import nobody_decides, nobody_watches
        from sessions.workflows.work import Habits

        quiet_logs()
        settings = load_here()
        chosen = with_model(settings, self._model, "The manager's model")
        return Runs(
            store=lambda: _open(self._store, settings),
            model=lambda: chat_model(chosen),
            folder=Path(self._folder).expanduser() if self._folder else settings.home / "workflows",
            functions=self._functions,
            habits=Habits(system=settings.system_prompt),
            watch=self._watch or nobody_watches,
            decide=self._decide or nobody_decides,
        )


@asynccontextmanager
async def _open(store: "str | Store | None", settings: "Settings") -> "AsyncIterator[Store]":
    """Open the store of that URL or of the settings; one that is open stays so."""
    if not isinstance(store, str | None):
        yield store
        return
    from storage.opening import Login, open_store, storage_url

    login = Login(settings.redis_user, settings.redis_password, settings.redis_sentinel_password)
    url = store or settings.storage or storage_url("sqlite", "", settings.home)
    async with open_store(url, login=login) as opened:
        yield opened


def _kept(memory: object) -> MemoryConfig | None:
    """Return what is kept, if anything; a program without types may have given anything else."""
    from sessions.errors import UsageError

    kept = MemoryConfig() if memory is True else memory or None
    if kept is None or (isinstance(kept, MemoryConfig) and isinstance(kept.auto_save, str)):
        return kept
    raise UsageError(
        f'An agent\'s memory cannot be {memory!r}. Give True, or MemoryConfig(auto_save="my-project")'
    )


def _question(text: object) -> str:
    from sessions.errors import UsageError

    if not isinstance(text, str):
        raise UsageError(f"The question has to be text and is {type(text).__name__}.")
    if not text.strip():
        raise UsageError('The question is empty. Ask for example: agent.start("What is Python?")')
    return text


def _sessions(history: object, context: bool) -> int:
    from sessions.errors import UsageError

    if history is None:
        return _HISTORY if context else 0
    if not isinstance(history, int) or history < 0:
        raise UsageError(f"The history is {history!r} sessions. Give 0 or more, for example: history=5")
    return history


def _folder(path: str | Path) -> Path:
    from sessions.folder.ground import existing_folder

    return existing_folder(Path(path))


def _refuse_in_loop(instead: str) -> None:
    import asyncio

    from sessions.errors import UsageError

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        f"An event loop is running here, and waiting would block it: await {instead} instead."
    )

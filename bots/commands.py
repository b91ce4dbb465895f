"""All commands of the chat surfaces, and how one that was said or pressed is carried out."""

from dataclasses import dataclass, replace
from typing import assert_never

from bots.actions import (
    CancelDelete,
    CancelDeleteRun,
    ConfirmedDelete,
    ConfirmedDeleteRun,
    Decide,
    Immediate,
    ListPage,
    ResumeById,
)
from bots.quoting import pasted
from bots.spoken import Command, page_of, rebase_of, variables_of
from bots.words import Room, Word
from sessions.commands import Caller, SessionCommands
from sessions.errors import UsageError
from sessions.facts.commands import FactCommands
from sessions.facts.outcomes import FactOutcome
from sessions.knowledge.commands import KnowledgeCommands, KnowledgeOutcome
from sessions.model import Task
from sessions.outcomes import Helped, Outcome
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.outcomes import WorkflowOutcome


@dataclass(frozen=True, slots=True)
class RoomHelped:
    """The words of a room."""

    room: Room


Told = Outcome | FactOutcome | KnowledgeOutcome | WorkflowOutcome | RoomHelped
"""What a command comes to at once."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The rooms of commands of a deployment."""

    sessions: SessionCommands
    facts: FactCommands
    knowledge: KnowledgeCommands
    workflows: WorkflowCommands


_TASKS = frozenset({Word.PLAN, Word.RUN, Word.RESUME, Word.APPROVE, Word.REFUSE})


_NAMING = frozenset(Word) - {Word.START, Word.ADD, Word.PLAN, Word.SEARCH}
"""Words whose rest is a name, which people also copy from what the bot said."""


def asks_for_task(spoken: Command) -> bool:
    """Whether it is no command to run but, after :func:`task_of`, an Inbound to accept."""
    return spoken.room is Room.WORKFLOW and spoken.word in _TASKS


async def task_of(commands: Commands, caller: Caller, spoken: Command) -> Task:
    """Return the task that was asked for. Raises UserError."""
    workflows, spoken = commands.workflows, _with_name(spoken)
    match spoken.word:
        case Word.PLAN:
            return await workflows.plan(caller)
        case Word.RUN:
            name, variables = variables_of(spoken.rest)
            return await workflows.run(caller, name, variables=dict(variables))
        case Word.RESUME:
            run, rebase = rebase_of(spoken.rest)
            return await workflows.resume(caller, run, rebase=rebase)
        case Word.APPROVE | Word.REFUSE:
            return await workflows.decide(caller, spoken.rest, approve=spoken.word is Word.APPROVE)
        case _:
            raise _unknown(spoken)


async def decided(commands: Commands, caller: Caller, pressed: Decide) -> Task:
    """Return the task that a pressed button asks for. Raises UserError."""
    return await commands.workflows.decide_digest(
        caller, pressed.run, pressed.step, approve=pressed.approve
    )


async def run_spoken(commands: Commands, caller: Caller, spoken: Command) -> Told:
    """Do what was said. Raises UserError."""
    if spoken.word is Word.HELP and spoken.room is not Room.SESSION:
        return RoomHelped(spoken.room)
    spoken = _with_name(spoken)
    match spoken.room:
        case Room.SESSION:
            return await _session(commands.sessions, caller, spoken)
        case Room.MEMORY:
            return await _memory(commands.facts, caller, spoken)
        case Room.KNOWLEDGE:
            return await _knowledge(commands.knowledge, caller, spoken)
        case Room.WORKFLOW:
            return await _workflow(commands.workflows, caller, spoken)
        case other:
            assert_never(other)


async def run_action(commands: Commands, caller: Caller, action: Immediate) -> Told:
    """Do what a pressed button stands for. Raises UserError."""
    match action:
        case ConfirmedDelete(session):
            return await commands.sessions.delete_id(caller, session)
        case ResumeById(session):
            return await commands.sessions.resume_id(caller, session)
        case ListPage(page):
            return await commands.sessions.list(caller, page)
        case CancelDelete(session):
            return await commands.sessions.keep_id(caller, session)
        case ConfirmedDeleteRun(run):
            return await commands.workflows.delete_digest(caller, run)
        case CancelDeleteRun(run):
            return await commands.workflows.keep_digest(caller, run)
        case other:
            assert_never(other)


async def _session(commands: SessionCommands, caller: Caller, spoken: Command) -> Outcome:
    match spoken.word:
        case Word.START:
            return await commands.start(caller, spoken.rest or None)
        case Word.LIST:
            return await commands.list(caller, page_of(spoken))
        case Word.RESUME:
            return await commands.resume(caller, spoken.rest)
        case Word.SHOW:
            return await commands.show(caller, spoken.rest or None)
        case Word.DELETE:
            return await commands.delete(caller, spoken.rest or None)
        case Word.STOP:
            return await commands.stop(caller)
        case Word.HELP:
            return Helped()
        case _:
            raise _unknown(spoken)


async def _memory(commands: FactCommands, caller: Caller, spoken: Command) -> FactOutcome:
    match spoken.word:
        case Word.SHOW:
            return await commands.show(caller, page_of(spoken))
        case Word.ADD:
            return await commands.add(caller, spoken.rest)
        case Word.FORGET:
            return await commands.forget(caller, spoken.rest)
        case _:
            raise _unknown(spoken)


async def _knowledge(commands: KnowledgeCommands, caller: Caller, spoken: Command) -> KnowledgeOutcome:
    match spoken.word:
        case Word.LIST:
            return await commands.list(caller, page_of(spoken))
        case Word.SEARCH:
            return await commands.search(caller, spoken.rest)
        case Word.REMOVE:
            return await commands.remove(caller, spoken.rest)
        case _:
            raise _unknown(spoken)


async def _workflow(commands: WorkflowCommands, caller: Caller, spoken: Command) -> WorkflowOutcome:
    match spoken.word:
        case Word.LIST:
            return await commands.list(caller)
        case Word.SHOW:
            return await commands.show(caller, spoken.rest)
        case Word.DELETE:
            return await commands.delete(caller, spoken.rest)
        case _:
            raise _unknown(spoken)


def _with_name(spoken: Command) -> Command:
    return replace(spoken, rest=pasted(spoken.rest)) if spoken.word in _NAMING else spoken


def _unknown(spoken: Command) -> UsageError:
    return UsageError(f"There is no command /{spoken.room} {spoken.word}. Say /{spoken.room} help")

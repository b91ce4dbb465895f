"""The terminal chat: messages and commands in, answers and pages out, one after the other."""

import re
from typing import assert_never

from bots.commands import Commands, RoomHelped, Told, asks_for_task, run_spoken, task_of
from bots.spoken import Command, Retry, parse_spoken
from bots.terminal import pages, rooms, workflow_pages
from bots.terminal.conversation import Conversation
from bots.terminal.lines import Lines
from bots.terminal.plain import printable
from bots.terminal.presenters import Paper
from bots.terminal.room_help import room_help
from bots.terminal.workflow_pages import CHAT
from bots.wording import asked_for
from bots.words import Room
from sessions.errors import StoreError, UsageError, UserError
from sessions.facts.outcomes import FactOutcome
from sessions.knowledge.commands import KnowledgeOutcome
from sessions.model import Answer, Ask, Task
from sessions.outcomes import (
    ConfirmDelete,
    Deleted,
    Helped,
    Kept,
    Listed,
    Outcome,
    Resumed,
    Shown,
    Started,
    Stopped,
)
from sessions.ports.turns import Accepted
from sessions.workflows.outcomes import ConfirmDeleteRun

HELP = room_help(
    Room.SESSION,
    beside=(
        ("/plan <goal>", "Make a plan, and run it when you agree"),
        ("/workflow, /memory, /knowledge", "More commands: say for example /memory help"),
        ("/retry", "Answer the last message again"),
        ("/stop", "Stop the running answer; so does Ctrl-C"),
        ("/quit", "Leave; so does Ctrl-D"),
    ),
)

_NO_COMMAND = re.compile(r"/[A-Za-z_]+(?!\S)")
_LEAVE = ("/quit", "/exit")


class TerminalChat:
    """Reads a line, does what it says, prints what comes of it, and reads on."""

    def __init__(
        self,
        conversation: Conversation,
        commands: Commands,
        lines: Lines,
        stream: Paper,
    ) -> None:
        self._conversation = conversation
        self._commands = commands
        self._lines = lines
        self._stream = stream

    async def run(self) -> None:
        """Talk until the input ends. Ctrl-C twice during an answer raises Left."""
        await self._show_interrupted()
        while True:
            line = await self._lines.read()
            if line is None or line.strip() in _LEAVE:
                return
            if not line.strip():
                continue
            try:
                await self._heed(line)
            except (UserError, StoreError) as error:
                self._print(f"Error: {error}\n")

    async def _heed(self, line: str) -> None:
        spoken = parse_spoken(line)
        match spoken:
            case None:
                _check_no_command(line)
                await self._say(line, Ask.ANSWER)
            case Retry():
                await self._commands.sessions.check_retry(self._conversation.talker.caller())
                await self._say("", Ask.RETRY)
            case Command():
                caller = self._conversation.talker.caller()
                if asks_for_task(spoken):
                    task = await task_of(self._commands, caller, spoken)
                    await self._say(asked_for(task, spoken.rest), Ask.TASK, task)
                else:
                    await self._present(await run_spoken(self._commands, caller, spoken))
            case other:
                assert_never(other)

    async def _say(self, text: str, ask: Ask, task: Task | None = None) -> None:
        answer = await self._conversation.say(
            text, ask=ask, task=task, accepted=self._announce, told=self._print
        )
        self._print(how_to_decide(answer))
        await self._show_interrupted()

    def _announce(self, accepted: Accepted) -> None:
        if accepted.started:
            self._print(f"📂 Session: {accepted.session.name}\n")

    async def _present(self, outcome: Told) -> None:
        if isinstance(outcome, Outcome):
            await self._present_session(outcome)
        elif isinstance(outcome, RoomHelped):
            self._print(room_help(outcome.room) + "\n")
        elif isinstance(outcome, ConfirmDeleteRun):
            await self._delete_run_if_sure(outcome)
        elif isinstance(outcome, FactOutcome):
            self._print(rooms.facts(outcome) + "\n")
        elif isinstance(outcome, KnowledgeOutcome):
            self._print(rooms.knowledge(outcome) + "\n")
        else:
            self._print(rooms.workflows(outcome) + "\n")

    async def _present_session(self, outcome: Outcome) -> None:
        match outcome:
            case Started(session):
                self._print(pages.started(session, "What you write belongs to it from here on.") + "\n")
            case Listed():
                following = f"/session list {outcome.page + 1}"
                start = "/session start my-project"
                self._print(pages.listed(outcome, start=start, following=following) + "\n")
            case Resumed():
                self._print(pages.resumed(outcome) + "\n")
                await self._show_interrupted()
            case Shown():
                self._print(pages.shown(outcome) + "\n")
            case ConfirmDelete():
                await self._delete_if_sure(outcome)
            case Deleted(session):
                self._print(f"\n{pages.deleted(session)}\n")
            case Kept():
                self._print("Cancelled. Nothing was deleted.\n")
            case Helped():
                self._print(HELP + "\n")
            case Stopped(_, running):
                self._print(("⏹ Stopping the answer." if running else "Nothing is running here.") + "\n")
            case other:
                assert_never(other)

    async def _delete_if_sure(self, asked: ConfirmDelete) -> None:
        self._print(pages.confirm_delete(asked.session))
        if await self._lines.confirm("Are you sure? (y/N): "):
            caller = self._conversation.talker.caller()
            await self._present(await self._commands.sessions.delete_id(caller, asked.session.key.id))
        else:
            self._print("\nCancelled: nothing was deleted.\n")

    async def _delete_run_if_sure(self, asked: ConfirmDeleteRun) -> None:
        self._print(rooms.workflows(asked))
        if await self._lines.confirm("Are you sure? (y/N): "):
            caller = self._conversation.talker.caller()
            deleted = await self._commands.workflows.delete(caller, asked.run.name, confirmed=True)
            self._print(f"\n{rooms.workflows(deleted)}\n")
        else:
            self._print("\nCancelled: nothing was deleted.\n")

    async def _show_interrupted(self) -> None:
        for _, message in await self._conversation.interrupted():
            retry = await self._conversation.can_retry(message)
            hint = "/retry asks it again." if retry else pages.SAY_AGAIN
            self._print(pages.interrupted(message, hint) + "\n")

    def _print(self, text: str) -> None:
        self._stream.write(printable(text) + "\n")
        self._stream.flush()


def how_to_decide(answer: Answer) -> str:
    """Return how the person decides about the run that waits, if one does."""
    if not answer.decision or CHAT.decide is None:
        return ""
    return f"\n{workflow_pages.how_to_decide(answer.decision, CHAT.decide)}\n"


def _check_no_command(line: str) -> None:
    """Refuse a word that looks like a command: it would surprise to find it answered by the model."""
    found = _NO_COMMAND.match(line.strip())
    if found:
        raise UsageError(f"There is no command {found[0][:32]}. See /help.")

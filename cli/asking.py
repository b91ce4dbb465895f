"""Puts one prompt to a session and, for a plan, the person's decision after it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TextIO

from bots.models import model_name
from bots.terminal import pages
from bots.terminal.lines import PipedLines, is_yes
from bots.terminal.pages import counted
from bots.terminal.plain import one_line
from cli import output, piped
from cli.again import Again
from cli.chat import use_session
from cli.wiring import Desk, open_conversation, open_desk
from cli.wishes import Options, Wanted, left_out
from sessions.errors import NothingBound
from sessions.model import OPERATOR, Answer, Ask, Ending, Session, Task, Verb
from sessions.ports.checkpoints import RunStatus
from sessions.ports.turns import Accepted

if TYPE_CHECKING:
    from bots.terminal.conversation import Conversation
    from bots.terminal.presenters import Presenter

Present = Callable[[str], "Presenter"]
"""Makes what presents an answer, below a title; without a title nothing is presented."""

_QUESTIONS = ("Run this plan? (y/N): ", "Go on? (y/N): ")
_RESPONSE, _PLAN, _UNSEEN = "Response", "Plan", ""
_DECIDED = {
    Verb.APPROVE: ("Run the plan.", _RESPONSE),
    Verb.REFUSE: ("Do not run the plan.", _UNSEEN),
}


class Undecided(Exception):
    """The input ended before there was a decision about the plan, which is kept."""


@dataclass(slots=True)
class Asked:
    """What is asked, and what becomes of it. An empty text asks the last one again."""

    text: str
    wanted: Wanted
    options: Options
    again: Again
    json: bool = False
    answer: Answer = field(default=Answer(Ending.INTERRUPTED))
    model: str = ""
    before: Session | None = None
    after: Session | None = None
    title: str = _RESPONSE
    run: str = ""
    status: RunStatus | None = None

    @property
    def refused(self) -> bool:
        """Whether the person said no to the plan."""
        return self.status is RunStatus.REFUSED

    @property
    def unfinished(self) -> bool:
        """Whether a plan ended before its last step, and not by the person's word."""
        return bool(self.run) and self.status not in (RunStatus.DONE, RunStatus.REFUSED)

    def accepted(self, accepted: Accepted) -> None:
        """Print the header: the session, and how many messages the person said, this one included."""
        if self.before is not None:
            return
        self.before = accepted.session
        self.again.session = accepted.session.name
        if not self.json:
            count = accepted.session.tally.user_messages + accepted.ahead + bool(self.text)
            with suppress(OSError):  # the answer is wanted all the same; printing it fails again
                output.say(f"📂 Session: {one_line(self.again.session)} ({counted(count, 'message')})")
                if self.wanted.folder is not None:
                    output.say(f"📁 Fast context: {one_line(str(self.wanted.folder))}")
                sys.stdout.flush()

    @property
    def tokens(self) -> int:
        """What the answer took, as far as the session tells: others may have been answered before it."""
        if self.before is None or self.after is None:
            return 0
        tally = self.after.tally
        return min(max(0, tally.tokens - self.before.tally.tokens), tally.context)


async def put(asked: Asked, present: Present) -> None:
    """Ask, and wait until the answer is presented. Raises Undecided, Left, and what commands raise."""
    async with open_desk(asked.again.choice) as desk:
        wanted = asked.wanted
        async with open_conversation(
            desk, lambda: present(asked.title), model=wanted.wishes.model, folder=wanted.folder
        ) as conversation:
            await _go_to_session(desk, asked)
            if asked.text:
                await _tell_interrupted(conversation, asked.again)
            try:
                await _converse(desk, conversation, asked)
            finally:
                await _look_after(desk, asked)
            await _tell_interrupted(conversation, asked.again)


async def _go_to_session(desk: Desk, asked: Asked) -> None:
    caller, name = desk.operator.caller(), asked.wanted.session
    if name is not None and asked.text and not asked.options.go_on:
        await use_session(desk, name)
    elif name is not None:
        await desk.commands.resume(caller, name)
    elif asked.options.go_on:
        await _go_on(desk)
    if not asked.text:
        await desk.commands.check_retry(caller)


async def _go_on(desk: Desk) -> None:
    """Stay in the session that was used last; where that one is gone, the one that was active last."""
    place = desk.operator.place
    if await desk.store.bound(place.thread) is not None:
        return
    workspace = await desk.store.workspace(place.workspace)
    audiences = None if place.audience == OPERATOR else frozenset({place.audience})
    newest = (await desk.store.page(workspace.id, audiences, None, 1)).sessions
    if not newest:
        raise NothingBound(
            "There is no session to continue. Leave --continue out, or name a new one: --session NAME"
        )
    await desk.commands.resume_id(desk.operator.caller(), newest[0].key.id)


async def _converse(desk: Desk, conversation: "Conversation", asked: Asked) -> None:
    wishes = asked.wanted.wishes
    if not asked.options.planning:
        ask = Ask.ANSWER if asked.text else Ask.RETRY
        asked.answer = await conversation.say(
            asked.text, ask=ask, wishes=wishes, accepted=asked.accepted, told=output.warn
        )
        if wishes.knowledge and not asked.answer.used.sources and asked.answer.ending is Ending.ANSWERED:
            await _tell_without_sources(desk, asked)
        return
    if unused := left_out(asked.options):
        output.warn(f"A plan is made from its session alone; without effect here: {', '.join(unused)}.")
    task: Task | None = Task(Verb.PLAN)
    text, asked.title = asked.text, _PLAN
    while task is not None:
        asked.answer = await conversation.say(
            text, wishes=wishes, task=task, accepted=asked.accepted, told=output.warn
        )
        task = await _decided(asked, asked.title == _PLAN)
        if task is not None:
            text, asked.title = _DECIDED[task.verb]
            asked.run = task.run


async def _tell_without_sources(desk: Desk, asked: Asked) -> None:
    if asked.before is None:
        return
    if await desk.store.documents(asked.before.key.workspace, "", 1):
        output.warn("📚 No document fits the question.")
    else:
        add = asked.again.line("knowledge add docs", {})
        output.warn(f"📚 There are no documents yet. Add some: {add}")


async def _decided(asked: Asked, is_plan: bool) -> Task | None:
    """Return what is to be done with the run that waits, if one does."""
    run = asked.answer.decision
    if not run or asked.answer.ending is not Ending.ANSWERED:
        return None
    agreed = asked.options.yes or await _agreed(_QUESTIONS[not is_plan], quietly=asked.json)
    if agreed is None:
        asked.run = run
        raise Undecided
    return Task(Verb.APPROVE if agreed else Verb.REFUSE, run=run)


async def _agreed(question: str, *, quietly: bool) -> bool | None:
    """Ask the person; None is the end of the input."""
    to = sys.stderr if quietly else sys.stdout
    to.write(f"\n{question}")
    to.flush()
    with _keyboard(to) as descriptor:
        line = await PipedLines(descriptor, to).read()
        echoed = line is not None and os.isatty(descriptor)
    to.write("" if echoed else "\n")
    to.flush()
    return None if line is None else is_yes(line)


@contextmanager
def _keyboard(to: TextIO) -> Iterator[int]:
    """Where the answer is typed: what was piped in belongs to the prompt, so the terminal is asked."""
    opened = None
    if piped.is_piped() and to.isatty():
        with suppress(OSError):
            opened = os.open("/dev/tty", os.O_RDONLY)
    try:
        yield sys.stdin.fileno() if opened is None else opened
    finally:
        if opened is not None:
            os.close(opened)


async def _look_after(desk: Desk, asked: Asked) -> None:
    if asked.run and asked.before is not None:
        found = await desk.store.checkpoint(asked.before.key.workspace, asked.run)
        asked.status = found.status if found else None
    if asked.json and asked.before is not None:
        asked.after = await desk.store.get(asked.before.key)
        preferred = asked.before.preferences.model
        asked.model = asked.wanted.wishes.model or preferred or model_name(desk.settings)


async def _tell_interrupted(conversation: "Conversation", again: Again) -> None:
    for session, message in await conversation.interrupted():
        retry = await conversation.can_retry(message)
        told = replace(again, session=session.name)
        hint = f"To ask it again: {told.command()}" if retry else pages.SAY_AGAIN
        output.warn(pages.interrupted(message, hint))

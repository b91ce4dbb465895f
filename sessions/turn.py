"""Runs one turn: from the window and its background through the model to a result to commit."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from sessions.errors import ContextTooLong, ModelError, NothingToRetry, UserError
from sessions.incidents import report
from sessions.interrupt import Interrupt
from sessions.model import (
    Answer,
    Ask,
    Ending,
    EventId,
    Message,
    Role,
    Turn,
    TurnResult,
    Usage,
    Used,
)
from sessions.patience import Sleep, insist
from sessions.ports.afterthoughts import Afterthought
from sessions.ports.grounds import Ground, Grounds
from sessions.ports.model import ChatModel, CutBy, Done, Prompt, Restart, Text
from sessions.ports.replies import Reply
from sessions.ports.tasks import Tasks
from sessions.ports.turns import Work
from sessions.window import RecentMessages, estimate_prompt, estimate_tokens, has_background

log = structlog.get_logger()

CUT_NOTES = {
    CutBy.LENGTH: "The answer reached the model's length limit. Ask it to go on to read the rest.",
    CutBy.FILTER: "The model's content filter ended the answer here. Asking in other words may help.",
}
TAKEN_OVER_NOTE = "Interrupted: this answer was begun several times and never finished. Send /retry."
GIVEN_UP_NOTE = "Interrupted: this answer could not be finished. Send /retry."
_RETRY = "Send /retry."
_RESUME = "What a run did is kept: /workflow list names it, and /workflow resume goes on with it."
_CITATION = re.compile(r"\[(\d{1,3})\]", re.ASCII)
GONE_NOTE = "Interrupted: the terminal that asked is gone."


def advised(turn: Turn, note: str) -> str:
    """Return the note with what helps after that turn: a task is resumed, not asked again."""
    return note.replace(_RETRY, _RESUME) if turn.inbound.ask is Ask.TASK else note


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What a deployment says about its turns. Keeps ``answer_tokens`` of the context for the answer.

    Facts, knowledge and whatever else an answer draws on have ``background_tokens`` together, and at
    most half of the context.
    """

    system: str = "You are a helpful assistant in a chat. Answer in Markdown."
    answer_tokens: int = 4096
    background_tokens: int = 16_000
    max_takeovers: int = 3
    """A task may be taken over once more for each step that has ended."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What turns can do beside asking the model: each part may be missing."""

    grounds: tuple[Grounds, ...] = ()
    tasks: Tasks | None = None
    afterthought: Afterthought | None = None


@dataclass(slots=True)
class _Draft:
    """The answer while it streams."""

    text: str = ""
    prompt: Prompt | None = None
    usage: Usage | None = None
    cut: CutBy | None = None
    used: Used = Used()
    note: str = ""
    decision: str = ""
    step: str = ""


class TurnRunner:
    """Asks the model, or has a task done. Knows neither the store nor the platform."""

    def __init__(
        self,
        model: ChatModel,
        rules: TurnRules,
        clock: Callable[[], datetime],
        extras: Extras = Extras(),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._model = model
        self._rules = rules
        self._clock = clock
        self._extras = extras
        self._sleep = sleep

    async def run(self, work: Work, recent: RecentMessages, reply: Reply, halt: Interrupt) -> TurnResult:
        """Answer the turn; what goes wrong with the model becomes a result that says so."""
        turn = work.turn
        is_task = turn.inbound.ask is Ask.TASK
        if turn.takeovers >= self._rules.max_takeovers and not is_task:
            return self.interrupted(turn, TAKEN_OVER_NOTE)
        draft = _Draft()
        try:
            async with halt.guard():
                if is_task:
                    if not await self._gets_on(work):
                        return self.interrupted(turn, TAKEN_OVER_NOTE)
                    await self._carry_out(work, reply, draft)
                else:
                    await self._converse(work, recent, reply, draft)
                return self._answered(turn, recent, draft)
        except (ModelError, UserError) as error:
            return self.unfinished(turn, Ending.FAILED, str(error))
        except Exception:  # noqa: BLE001 - the edge of a turn: one bad turn must not end the others
            incident = report("turn.failed", turn=turn.id)
            note = f"Something failed (incident {incident}). {_RETRY}"
            return self.unfinished(turn, Ending.FAILED, advised(turn, note))
        return self._stopped(work, recent, draft)

    def unfinished(self, turn: Turn, ending: Ending, note: str) -> TurnResult:
        """Return the result of a turn without an answer: the person's message stays in the transcript."""
        return TurnResult(turn.id, Answer(ending, note=note), self._asked(turn, ending))

    def interrupted(self, turn: Turn, note: str) -> TurnResult:
        """Return the result of a turn that is given up."""
        return self.unfinished(turn, Ending.INTERRUPTED, advised(turn, note))

    async def _converse(self, work: Work, recent: RecentMessages, reply: Reply, draft: _Draft) -> None:
        asked = self._asked(work.turn, Ending.ANSWERED)
        question = asked[0] if asked else None
        retry = None if asked else _retried(recent)
        preferences, wishes = work.session.preferences, work.turn.inbound.wishes
        system = wishes.system or preferences.system or self._rules.system
        reserve = min(self._rules.answer_tokens, self._model.context_tokens // 4)
        budget = self._model.context_tokens - reserve
        grounds = await self._gathered(work, budget // 2)
        background = "\n\n".join(ground.text for ground in grounds)
        prompt = recent.prompt(
            system=system,
            budget=budget,
            question=question,
            retry=retry,
            model=wishes.model or preferences.model,
            background=background,
        )
        draft.used = _drawn_on(grounds) if has_background(prompt, background) else Used()
        if draft.used != Used():
            reply.draw_on(draft.used)
        while True:
            try:
                await self._stream(prompt, reply, draft)
            except ContextTooLong as error:
                shorter = recent.shorter(
                    prompt, system=system, question=question, retry=retry, background=background
                )
                if shorter is None:
                    raise ContextTooLong(
                        f"The message is too long for the model: about {estimate_prompt(prompt):,} "
                        "tokens. Send a shorter one, or a part of it."
                    ) from error
                log.info("window.shrunk", turn=work.turn.id, messages=len(shorter.messages))
                prompt = shorter
                if not has_background(prompt, background):
                    draft.used = Used()
            else:
                break
        if self._extras.afterthought is not None and draft.text.strip():
            draft.note = await self._extras.afterthought.at_once(work, draft.text)

    async def _gathered(self, work: Work, most: int) -> list[Ground]:
        """Gather what the answer can draw on, each kind within what the ones before it left.

        A store that is away is waited for, as for a commit, until the lease is lost or the turn stopped.
        """
        left, numbered, found = min(self._rules.background_tokens, most), 1, list[Ground]()
        for grounds in self._extras.grounds:
            ground = await insist(partial(grounds.ground, work, left, numbered), self._sleep)
            if ground is not None:
                left = max(0, left - estimate_tokens(ground.text))
                numbered += len(ground.used.sources)
                found.append(ground)
        return found

    async def _gets_on(self, work: Work) -> bool:
        """Whether a task may go on: a long run may outlive more processes than an answer."""
        beyond, tasks = work.turn.takeovers - self._rules.max_takeovers, self._extras.tasks
        if beyond < 0 or tasks is None:
            return True
        return beyond < await insist(partial(tasks.steps_ended, work), self._sleep)

    async def _carry_out(self, work: Work, reply: Reply, draft: _Draft) -> None:
        if self._extras.tasks is None:
            raise UserError("There are no workflows here.")

        def show(progress: str) -> None:
            draft.text = progress
            reply.show(progress)

        carry_out = partial(self._extras.tasks.carry_out, work, show)
        outcome = await insist(carry_out, self._sleep)
        draft.text, draft.note = outcome.text, outcome.note
        draft.decision, draft.step = outcome.decision, outcome.step
        draft.usage = outcome.usage

    async def _stream(self, prompt: Prompt, reply: Reply, draft: _Draft) -> None:
        draft.text, draft.prompt = "", prompt
        async with aclosing(self._model.stream(prompt)) as pieces:
            async for piece in pieces:
                match piece:
                    case Text(text):
                        draft.text += text
                        reply.show(draft.text)
                    case Restart():
                        draft.text = ""
                    case Done(usage, cut):
                        draft.cut = cut
                        draft.usage = usage or _estimate(prompt, draft.text)

    def _answered(self, turn: Turn, recent: RecentMessages, draft: _Draft) -> TurnResult:
        notes = (CUT_NOTES[draft.cut] if draft.cut else "", draft.note)
        note = "\n".join(filter(None, notes))
        text = draft.text + _sources(draft)
        return TurnResult(
            turn.id,
            Answer(Ending.ANSWERED, text, note, draft.used, draft.decision, draft.step),
            self._asked(turn, Ending.ANSWERED) + self._said(turn, recent, text),
            draft.usage or Usage(),
        )

    def _stopped(self, work: Work, recent: RecentMessages, draft: _Draft) -> TurnResult:
        turn = work.turn
        messages = self._asked(turn, Ending.STOPPED) + self._said(turn, recent, draft.text)
        usage = _estimate(draft.prompt, draft.text) if draft.prompt else Usage()
        answer = Answer(Ending.STOPPED, draft.text, used=draft.used)
        return TurnResult(turn.id, answer, messages, usage)

    def _asked(self, turn: Turn, ending: Ending) -> tuple[Message, ...]:
        inbound = turn.inbound
        if inbound.ask is Ask.RETRY:
            return ()
        return (
            Message(Role.USER, inbound.text, turn.id, inbound.sent_at, inbound.author, ending=ending),
        )

    def _said(self, turn: Turn, recent: RecentMessages, text: str) -> tuple[Message, ...]:
        if not text.strip():
            return ()
        replaced = recent.last_question if turn.inbound.ask is Ask.RETRY else None
        return (Message(Role.ASSISTANT, text, turn.id, self._clock(), supersedes=replaced),)


def _retried(recent: RecentMessages) -> EventId:
    if recent.last_question is None:
        raise NothingToRetry("There is nothing to retry: this session has no message yet.")
    return recent.last_question


def _sources(draft: _Draft) -> str:
    """Name the sources that the text cites by number; all of them where it cites none."""
    numbered = dict(enumerate(draft.used.sources, 1))
    cited = [int(one) for one in _CITATION.findall(draft.text)]
    named = sorted({number for number in cited if number in numbered}) or list(numbered)
    if not named or not draft.text.strip():
        return ""
    return "\n\nSources: " + " · ".join(f"[{one}] {_as_code(numbered[one])}" for one in named)


def _as_code(name: str) -> str:
    return f"`{name.replace('`', chr(39))}`"


def _drawn_on(grounds: Sequence[Ground]) -> Used:
    used = [ground.used for ground in grounds]
    return Used(
        sum(one.facts for one in used),
        tuple(name for one in used for name in one.sessions),
        tuple(name for one in used for name in one.sources),
    )


def _estimate(prompt: Prompt, text: str) -> Usage:
    return Usage(estimate_prompt(prompt), estimate_tokens(text), estimated=True)

"""Runs one turn: from the transcript's window through the model to a result that can be committed."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import structlog

from sessions.errors import ContextTooLong, ModelError, NothingToRetry, UserError
from sessions.incidents import report
from sessions.interrupt import Interrupt
from sessions.model import Answer, Ask, Ending, EventId, Message, Role, Turn, TurnResult, Usage
from sessions.ports.model import ChatModel, CutBy, Done, Prompt, Restart, Text
from sessions.ports.replies import Reply
from sessions.ports.turns import Work
from sessions.window import RecentMessages, estimate_prompt, estimate_tokens

log = structlog.get_logger()

CUT_NOTES = {
    CutBy.LENGTH: "The answer reached the model's length limit. Ask it to go on to read the rest.",
    CutBy.FILTER: "The model's content filter ended the answer here. Asking in other words may help.",
}
TAKEN_OVER_NOTE = "Interrupted: this answer was begun several times and never finished. Send /retry."
GIVEN_UP_NOTE = "Interrupted: this answer could not be finished. Send /retry."
GONE_NOTE = "Interrupted: the terminal that asked is gone."


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What a deployment says about its turns. Keeps ``answer_tokens`` of the context for the answer."""

    system: str = "You are a helpful assistant in a chat. Answer in Markdown."
    answer_tokens: int = 4096
    max_takeovers: int = 3


@dataclass(slots=True)
class _Draft:
    """The answer while it streams."""

    text: str = ""
    usage: Usage | None = None
    cut: CutBy | None = None


class TurnRunner:
    """Asks the model. Knows neither the store nor the platform."""

    def __init__(self, model: ChatModel, rules: TurnRules, clock: Callable[[], datetime]) -> None:
        self._model = model
        self._rules = rules
        self._clock = clock

    async def run(self, work: Work, recent: RecentMessages, reply: Reply, halt: Interrupt) -> TurnResult:
        """Answer the turn; what goes wrong with the model becomes a result that says so."""
        turn = work.turn
        if turn.takeovers >= self._rules.max_takeovers:
            return self.unfinished(turn, Ending.INTERRUPTED, TAKEN_OVER_NOTE)
        draft = _Draft()
        try:
            async with halt.guard():
                await self._converse(work, recent, reply, draft)
                return self._answered(turn, recent, draft)
        except (ModelError, UserError) as error:
            return self.unfinished(turn, Ending.FAILED, str(error))
        except Exception:  # noqa: BLE001 - the edge of a turn: one bad turn must not end the others
            incident = report("turn.failed", turn=turn.id)
            return self.unfinished(
                turn, Ending.FAILED, f"Something failed (incident {incident}). Send /retry."
            )
        return self._stopped(work, recent, draft)

    def unfinished(self, turn: Turn, ending: Ending, note: str) -> TurnResult:
        """Return the result of a turn without an answer: the person's message stays in the transcript."""
        return TurnResult(turn.id, Answer(ending, note=note), self._asked(turn, ending))

    async def _converse(self, work: Work, recent: RecentMessages, reply: Reply, draft: _Draft) -> None:
        asked = self._asked(work.turn, Ending.ANSWERED)
        question = asked[0] if asked else None
        retry = None if asked else _retried(recent)
        preferences = work.session.preferences
        system = preferences.system or self._rules.system
        reserve = min(self._rules.answer_tokens, self._model.context_tokens // 4)
        prompt = recent.prompt(
            system=system,
            budget=self._model.context_tokens - reserve,
            question=question,
            retry=retry,
            model=preferences.model,
        )
        while True:
            try:
                await self._stream(prompt, reply, draft)
            except ContextTooLong:
                shorter = recent.shorter(prompt, system=system, question=question, retry=retry)
                if shorter is None:
                    raise
                log.info("window.shrunk", turn=work.turn.id, messages=len(shorter.messages))
                prompt = shorter
            else:
                return

    async def _stream(self, prompt: Prompt, reply: Reply, draft: _Draft) -> None:
        draft.text = ""
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
        answer = Answer(Ending.ANSWERED, draft.text, CUT_NOTES[draft.cut] if draft.cut else "")
        return TurnResult(
            turn.id,
            answer,
            self._asked(turn, Ending.ANSWERED) + self._said(turn, recent, draft.text),
            draft.usage or Usage(),
        )

    def _stopped(self, work: Work, recent: RecentMessages, draft: _Draft) -> TurnResult:
        turn = work.turn
        messages = self._asked(turn, Ending.STOPPED) + self._said(turn, recent, draft.text)
        usage = Usage(completion=estimate_tokens(draft.text), estimated=True) if draft.text else Usage()
        return TurnResult(turn.id, Answer(Ending.STOPPED, draft.text), messages, usage)

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


def _estimate(prompt: Prompt, text: str) -> Usage:
    return Usage(estimate_prompt(prompt), estimate_tokens(text), estimated=True)

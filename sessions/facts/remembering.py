"""Takes facts out of turns: at once where a person asks for it, afterwards where that is on."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog

from sessions.errors import ModelError, StoreError, UsageError, UserError
from sessions.facts.ids import fact_id
from sessions.facts.people import shown_name
from sessions.facts.request import asks_to_remember
from sessions.facts.rules import MemoryRules, readable
from sessions.facts.secrecy import looks_secret
from sessions.facts.store import FactStore
from sessions.facts.taking import MOST_AT_ONCE, Matter, Noted, asking, read
from sessions.incidents import report
from sessions.model import Ask, Ending, EventId, Message, Person, PersonId, Role, TurnResult
from sessions.names import fold
from sessions.patience import Sleep, insist
from sessions.ports.facts import Fact
from sessions.ports.model import ChatModel, Done, Prompt, Restart, Text
from sessions.ports.turns import Work

PATIENCE = 20.0
"""Seconds that the person waits for facts at most, and that those of a committed turn may take."""

MOST_AT_WORK = 2
MOST_WAITING = 16
"""Committed turns that are looked through at once, and that wait for it; more are left out."""

NOTHING = "🧠 Nothing new to remember. Say what it is, for example: Remember that I like tea."
SECRET = "🧠 Passwords, keys and card numbers are not remembered."  # noqa: S105 - a sentence
UNREADABLE = "🧠 Not remembered: the model's answer could not be read. Say it again in other words."
TOO_SLOW = "🧠 Not remembered, or not all of it: it took too long. Say it again later."
STORE_AWAY = "🧠 Not remembered, or not all of it: the storage failed. Say it again later."

_EARLIER = 12
_MOST_CHARACTERS = 8_000
_LONGEST_LIST = 10_000
_LONGEST_SHOWN = 120
_FEWEST_WORDS = 4
_FEWEST_CHARACTERS = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Said:
    """What a person said, and in which turn."""

    turn: EventId
    author: Person
    text: str


class Remembering:
    """An afterthought that remembers; ``patience`` is in seconds."""

    def __init__(
        self,
        store: FactStore,
        model: ChatModel,
        rules: MemoryRules,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Sleep = asyncio.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._model = model
        self._rules = rules
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._at_work = asyncio.Semaphore(MOST_AT_WORK)
        self._waiting = 0

    async def at_once(self, work: Work, answer: str) -> str:
        """See :meth:`sessions.ports.afterthoughts.Afterthought.at_once`; what fails is told."""
        if not self._rules.is_on(work):
            return ""
        try:
            async with asyncio.timeout(self._patience):
                return await self._remember_if_asked(work, answer)
        except TimeoutError:
            return TOO_SLOW
        except (ModelError, UserError) as error:
            return f"🧠 Not remembered: {error}"
        except StoreError:
            return STORE_AWAY
        except Exception:  # noqa: BLE001 - the answer is there, and must not fail for this
            return f"🧠 Not remembered: something failed (incident {report('facts.not_remembered')})."

    async def later(self, work: Work, result: TurnResult) -> None:
        """See :meth:`sessions.ports.afterthoughts.Afterthought.later`."""
        is_due = self._rules.extracts and self._rules.is_on(work)
        is_answer = work.turn.inbound.ask is not Ask.TASK and result.answer.ending is Ending.ANSWERED
        if not (is_due and is_answer):
            return
        if self._waiting >= MOST_AT_WORK + MOST_WAITING:
            log.info("facts.left_out", turn=result.turn)
            return
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience), self._at_work:
                await self._extract(work, result)
        except (TimeoutError, ModelError, UserError) as error:
            log.info("facts.not_extracted", turn=result.turn, error=type(error).__name__)
        finally:
            self._waiting -= 1

    async def _remember_if_asked(self, work: Work, answer: str) -> str:
        said = await self._said(work)
        if said is None or not asks_to_remember(said.text):
            return ""
        known = await self._known(work, said.author.id)
        earlier = await self._earlier(work)
        matter = Matter(said.text, shown_name(said.author), answer, earlier, _texts(known))
        noted = await self._ask(work, matter, on_request=True)
        if noted is None:
            return UNREADABLE
        full = ""
        try:
            await self._keep(work, said, noted)
        except UsageError as error:
            full = f"🧠 {error}"
        told = _told(said.turn, noted, await self._known(work, said.author.id))
        return "\n".join(filter(None, (told, full))) or NOTHING

    async def _extract(self, work: Work, result: TurnResult) -> None:
        said = await self._said(work)
        if said is None or not _may_hold_facts(said.text):
            return
        known = await self._known(work, said.author.id)
        matter = Matter(said.text, shown_name(said.author), result.answer.text, (), _texts(known))
        noted = await self._ask(work, matter, on_request=False)
        if noted:
            kept = await self._keep(work, said, noted)
            log.info("facts.extracted", turn=said.turn, facts=kept)

    async def _said(self, work: Work) -> _Said | None:
        """Return what the answer answers: of a retry what was said first, by whoever said it."""
        inbound = work.turn.inbound
        if inbound.ask is not Ask.RETRY:
            return _Said(inbound.event, inbound.author, inbound.text)
        newest = await self._earlier(work)
        asked = next((one for one in reversed(newest) if one.role is Role.USER), None)
        if asked is None:
            return None
        return _Said(asked.turn, asked.author or inbound.author, asked.content)

    async def _earlier(self, work: Work) -> tuple[Message, ...]:
        key = work.session.key
        return await insist(lambda: self._store.transcript(key, None, _EARLIER), self._sleep)

    async def _known(self, work: Work, person: PersonId) -> list[Fact]:
        """Return the facts about the person and the workspace that may be read here, newest first."""
        workspace, audiences = work.session.key.workspace, readable(work)
        found = await insist(lambda: self._store.facts(workspace, audiences), self._sleep)
        return [fact for fact in found if fact.about in ("", person)]

    async def _ask(self, work: Work, matter: Matter, *, on_request: bool) -> list[Noted] | None:
        # The model that has just answered is one that can be had; the deployment's own may be not.
        model = work.turn.inbound.wishes.model or work.session.preferences.model
        room = min(_MOST_CHARACTERS, self._model.context_tokens)
        today = self._clock()
        prompt = asking(matter, on_request=on_request, today=today, room=room, model=model)
        return read(await self._answer(prompt))

    async def _answer(self, prompt: Prompt) -> str:
        text = ""
        async with aclosing(self._model.stream(prompt)) as pieces:
            async for piece in pieces:
                match piece:
                    case Text(more):
                        text += more
                    case Restart():
                        text = ""
                    case Done():
                        break
                if len(text) > _LONGEST_LIST:
                    break
        return text

    async def _keep(self, work: Work, said: _Said, noted: Sequence[Noted]) -> int:
        """Remember what may be, by ids that a repeat makes again; returns how many are new."""
        kept, workspace = 0, work.session.key.workspace
        for number, one in enumerate(noted):
            if looks_secret(one.text):
                continue
            about = PersonId("") if one.shared else said.author.id
            id_, audience = fact_id(said.turn, number), work.session.audience
            fact = Fact(id_, one.text, audience, about, self._clock())
            kept += await insist(partial(self._store.remember, workspace, fact), self._sleep)
        return kept


def _may_hold_facts(text: str) -> bool:
    """Whether facts may be in what was said that were not taken down with the answer already."""
    is_long_enough = len(text.split()) >= _FEWEST_WORDS or len(text.strip()) >= _FEWEST_CHARACTERS
    return is_long_enough and not asks_to_remember(text)


def _texts(facts: Sequence[Fact]) -> list[str]:
    return [fact.text for fact in facts]


def _told(turn: EventId, noted: Sequence[Noted], known: Sequence[Fact]) -> str:
    """Say what is remembered of the turn, as it stands in the store, and what never is."""
    by_id = {fact.id: fact.text for fact in known}
    ids = (fact_id(turn, number) for number in range(MOST_AT_ONCE))
    lines, texts = list[str](), {fold(fact.text) for fact in known}
    if mine := [by_id[one] for one in ids if one in by_id]:
        lines.append(f"🧠 Remembered: {_listed(mine)}")
    elif again := [one.text for one in noted if fold(one.text) in texts]:
        lines.append(f"🧠 Remembered already: {_listed(again)}")
    if any(looks_secret(one.text) for one in noted):
        lines.append(SECRET)
    return "\n".join(lines)


def _listed(texts: Sequence[str]) -> str:
    shown = (text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…" for text in texts)
    return "; ".join(shown)

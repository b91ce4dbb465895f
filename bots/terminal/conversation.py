"""One person's way of talking to the engine from a terminal: say something, wait for its answer."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bots.terminal.interrupts import Interrupts, interrupting
from bots.terminal.replies import TerminalReplies
from bots.terminal.seen import SeenMessages
from bots.terminal.talker import Talker, new_event
from sessions.engine import Engine
from sessions.errors import StoreUnavailable
from sessions.model import (
    Answer,
    Ask,
    Ending,
    EventId,
    Inbound,
    Message,
    Session,
    SessionKey,
    Task,
    Wishes,
)
from sessions.ports.catalog import Catalog
from sessions.ports.turns import Accepted, Turns

_ATTEMPTS = 4
_LOOK_AFTER = 5.0
"""Seconds between two looks at the store for a message whose answer does not come."""


class Left(Exception):
    """The person left without the answer; the message will be marked as interrupted."""


class ConversationStore(Catalog, Turns, Protocol):
    """The ports of a store that a conversation uses."""


@dataclass(frozen=True, slots=True)
class Said:
    """An accepted message whose answer is to come; ``ahead`` counts those that come first."""

    text: str
    session: SessionKey
    event: EventId
    ahead: int
    answered: asyncio.Future[Answer]


class Conversation:
    """Accepts what is said and waits for the answer, which the replies present meanwhile."""

    def __init__(
        self, engine: Engine, store: ConversationStore, replies: TerminalReplies, talker: Talker
    ) -> None:
        self._engine = engine
        self._store = store
        self._replies = replies
        self._seen = SeenMessages(store)
        self.talker = talker

    async def say(
        self,
        text: str,
        *,
        ask: Ask = Ask.ANSWER,
        wishes: Wishes = Wishes(),  # noqa: B008 - frozen
        task: Task | None = None,
        accepted: Callable[[Accepted], None] = lambda _: None,
        told: Callable[[str], None] = lambda _: None,
    ) -> Answer:
        """Say something and return its answer once that is presented.

        ``accepted`` is called before anything of the answer is presented; ``told`` with a hint to the
        person. Ctrl-C stops the answer, a second one raises Left. Raises StoreUnavailable.
        """
        said = await self.submit(text, ask=ask, wishes=wishes, task=task, accepted=accepted)
        if said.ahead:
            told(f"Waiting for {said.ahead} earlier in this session; Ctrl-C twice leaves.")
        interrupts = Interrupts()
        with interrupting(interrupts.arrive):
            return await self.answer(said, interrupts, told)

    async def submit(
        self,
        text: str,
        *,
        ask: Ask = Ask.ANSWER,
        wishes: Wishes = Wishes(),  # noqa: B008 - frozen
        task: Task | None = None,
        accepted: Callable[[Accepted], None] = lambda _: None,
    ) -> Said:
        """Have something accepted, and its answer presented when its turn comes; then wait for it.

        A task makes it :attr:`~sessions.model.Ask.TASK`.
        """
        inbound = self._inbound(text, Ask.TASK if task else ask, wishes, task)
        answered = self._replies.expect(inbound.event, task=task is not None)
        try:
            taken = await self._accept(inbound)
            accepted(taken)
        except BaseException:
            self._replies.forget(inbound.event)
            raise
        self._replies.begin(inbound.event)
        return Said(text, taken.session.key, inbound.event, taken.ahead, answered)

    async def answer(
        self,
        said: Said,
        interrupts: Interrupts | None = None,
        told: Callable[[str], None] = lambda _: None,
    ) -> Answer:
        """Return the answer once it is presented; cancelled, present no more of it."""
        try:
            while not said.answered.done():
                awaited: set[asyncio.Future[Any]] = {said.answered}
                if interrupts is not None:
                    awaited |= {interrupts.first, interrupts.second}
                await asyncio.wait(awaited, timeout=_LOOK_AFTER, return_when=asyncio.FIRST_COMPLETED)
                if said.answered.done():
                    break
                if interrupts is not None and interrupts.second.done():
                    raise Left
                if interrupts is not None and interrupts.first.done():
                    interrupts.heed()
                    if not await self.stop(said):
                        told(
                            "The message waits behind others. Ctrl-C once more leaves without its answer."
                        )
                elif await self._given_up(said) and not said.answered.done():
                    return Answer(Ending.INTERRUPTED)
            self._seen.told(said.event)
            return said.answered.result()
        finally:
            self._replies.forget(said.event)

    async def stop(self, said: Said) -> bool:
        """Stop the answer if it is this message's turn; nobody else's is stopped."""
        return await self._store.stop(said.session, new_event(), turn=said.event) is not None

    async def leave(self, pending: Iterable[Said]) -> None:
        """Begin no further answer and stop the running ones; what still waits is left unanswered."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._engine.drain())
            for said in pending:
                group.create_task(self.stop(said))

    async def interrupted(self) -> tuple[tuple[Session, Message], ...]:
        """Return what was said in the session bound here, never answered, and not told before."""
        bound = await self._store.bound(self.talker.place.thread)
        found = await self._seen.interrupted(bound) if bound else ()
        return tuple((bound, message) for message in found) if bound else ()

    async def can_retry(self, message: Message) -> bool:
        """Whether the message is the one that ``/retry`` would run again."""
        bound = await self._store.bound(self.talker.place.thread)
        return bound is not None and await self._seen.is_last(bound, message)

    def _inbound(self, text: str, ask: Ask, wishes: Wishes, task: Task | None) -> Inbound:
        event = new_event()
        return Inbound(
            event=event,
            place=self.talker.place,
            author=self.talker.person,
            text=text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
            number=time.time_ns() // 1000,
            message=event,
            sent_at=datetime.now(UTC),
            ask=ask,
            owner=self._engine.holder,
            wishes=wishes,
            task=task,
        )

    async def _accept(self, inbound: Inbound) -> Accepted:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._engine.accept(inbound)
            except StoreUnavailable:
                await asyncio.sleep(0.1 * 2**attempt)
        return await self._engine.accept(inbound)

    async def _given_up(self, said: Said) -> bool:
        """Whether the message left the inbox elsewhere: this process was taken for dead."""
        return all(turn.id != said.event for turn in await self._store.waiting(said.session))

"""One person's way of talking to the engine from a terminal: say something, wait for its answer."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from bots.terminal.replies import TerminalReplies
from bots.terminal.talker import Talker, new_event
from sessions.engine import Engine
from sessions.errors import StoreUnavailable
from sessions.model import Answer, Ask, Ending, EventId, Inbound, Message, Role, SessionKey
from sessions.ports.catalog import Catalog
from sessions.ports.turns import Accepted, Turns

_ATTEMPTS = 4
_LOOK_AFTER = 5.0
"""Seconds between two looks at the store for a message whose answer does not come."""


class Left(Exception):
    """The person left without the answer; the message will be marked as interrupted."""


class ConversationStore(Catalog, Turns, Protocol):
    """The ports of a store that a conversation uses."""


class Conversation:
    """Accepts what is said and waits for the answer, which the replies present meanwhile."""

    def __init__(
        self, engine: Engine, store: ConversationStore, replies: TerminalReplies, talker: Talker
    ) -> None:
        self._engine = engine
        self._store = store
        self._replies = replies
        self.talker = talker

    async def say(
        self,
        text: str,
        *,
        ask: Ask = Ask.ANSWER,
        accepted: Callable[[Accepted], None] = lambda _: None,
        told: Callable[[str], None] = lambda _: None,
    ) -> Answer:
        """Say something and return its answer once that is presented.

        ``accepted`` is called before anything of the answer is presented; ``told`` with a hint to the
        person. Ctrl-C stops the answer, a second one raises Left. Raises StoreUnavailable.
        """
        inbound = self._inbound(text, ask)
        answered = self._replies.expect(inbound.event)
        try:
            taken = await self._accept(inbound)
            accepted(taken)
            if taken.ahead:
                told(f"Waiting for {taken.ahead} earlier in this session; Ctrl-C twice leaves.")
            return await self._answer(taken.session.key, inbound.event, answered, told)
        finally:
            self._replies.forget(inbound.event)

    async def interrupted(self) -> tuple[Message, ...]:
        """The newest messages of the session bound here, if they were interrupted and never answered."""
        bound = await self._store.bound(self.talker.place.thread)
        newest = await self._store.transcript(bound.key, None, 10) if bound else ()
        return unanswered(newest)

    def _inbound(self, text: str, ask: Ask) -> Inbound:
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
        )

    async def _accept(self, inbound: Inbound) -> Accepted:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._engine.accept(inbound)
            except StoreUnavailable:
                await asyncio.sleep(0.1 * 2**attempt)
        return await self._engine.accept(inbound)

    async def _answer(
        self,
        session: SessionKey,
        event: EventId,
        answered: asyncio.Future[Answer],
        told: Callable[[str], None],
    ) -> Answer:
        with _interrupts() as interrupts:
            while not answered.done():
                awaited: set[asyncio.Future[Any]] = {answered, interrupts.first, interrupts.second}
                await asyncio.wait(awaited, timeout=_LOOK_AFTER, return_when=asyncio.FIRST_COMPLETED)
                if interrupts.second.done():
                    raise Left
                if interrupts.first.done() and not answered.done():
                    interrupts.heed()
                    await self._stop(session, event, told)
                elif await self._given_up(session, event) and not answered.done():
                    return Answer(Ending.INTERRUPTED)
        return answered.result()

    async def _stop(self, session: SessionKey, event: EventId, told: Callable[[str], None]) -> None:
        """Stop the answer if it is this message's turn; nobody else's is stopped."""
        inbox = await self._store.waiting(session)
        if inbox and inbox[0].id == event:
            await self._store.stop(session, new_event())
        else:
            told("The message waits behind others. Ctrl-C once more leaves without its answer.")

    async def _given_up(self, session: SessionKey, event: EventId) -> bool:
        """Whether the message left the inbox elsewhere: this process was taken for dead."""
        return all(turn.id != event for turn in await self._store.waiting(session))


def unanswered(newest: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the interrupted messages of persons at the end of a transcript, oldest first."""
    found: list[Message] = []
    for message in reversed(newest):
        if message.role is not Role.USER or message.ending is not Ending.INTERRUPTED:
            break
        found.append(message)
    return tuple(reversed(found))


class _Interrupts:
    """The first and the second Ctrl-C."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first: asyncio.Future[None] = loop.create_future()
        self.second: asyncio.Future[None] = loop.create_future()
        self._heeded = loop.create_future()
        self._pending = self.first

    def heed(self) -> None:
        """The first one is being acted upon: wait for the second one alone."""
        self.first = self._heeded

    def arrive(self) -> None:
        if not self._pending.done():
            self._pending.set_result(None)
        elif not self.second.done():
            self.second.set_result(None)


@contextmanager
def _interrupts() -> Iterator[_Interrupts]:
    """Take Ctrl-C for a wish to stop the answer instead of the program."""
    interrupts, loop = _Interrupts(), asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    loop.add_signal_handler(signal.SIGINT, interrupts.arrive)
    try:
        yield interrupts
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)

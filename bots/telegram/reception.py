"""Takes updates over: each is durable, or of no consequence, when :meth:`Reception.take` returns.

Nothing slow happens here. A store that is away is waited for, because the offset must not move past
what was not kept; refusals and other notices are said beside.
"""

import asyncio
import time
from collections.abc import Sequence, Set
from typing import Protocol, assert_never

import msgspec
import structlog

from bots.admission import Admission
from bots.patience import until_stored
from bots.quoting import plain
from bots.telegram.clerk import STALE, Accepts, Clerk
from bots.telegram.control import Control
from bots.telegram.known import KnownThreads
from bots.telegram.notices import Notices
from bots.telegram.polling import Batch
from bots.telegram.schema import Update
from bots.telegram.updates import (
    Change,
    ClosedTopic,
    Commanded,
    Event,
    Moved,
    Origin,
    Pressed,
    Reader,
    Removed,
    Renamed,
    Reopened,
    Said,
    Wordless,
)
from bots.wording import TEXT_ONLY, say_failure
from sessions.incidents import report
from sessions.model import Session, ThreadRef, Workspace, WorkspaceKey
from sessions.threads import ThreadEvents

NOTHING_ASKED = "Yes? Write your question behind my name."
_REFUSAL_PAUSE = 60.0
_HINT_PAUSE = 60.0
_NOTICE_PAUSE = 1.0
"""Seconds; pictures of one album come as messages of their own."""
_LONGEST_STORE_PAUSE = 5.0
_MOVED_MEMORY = 60.0
"""Seconds for which the present ids of admitted groups are remembered."""

log = structlog.get_logger(__name__)
_decode = msgspec.json.Decoder(Update).decode


class Bindings(Protocol):
    """What the store knows of threads."""

    async def bound(self, thread: ThreadRef) -> Session | None:
        """The session the thread is bound to."""
        ...

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """Look a workspace up, also by a key that it had before."""
        ...


class Reception:
    """Decides what each update is to the bot. Updates of one chat are taken in order."""

    def __init__(
        self,
        reader: Reader,
        admission: Admission,
        engine: Accepts,
        bindings: Bindings,
        threads: ThreadEvents,
        control: Control,
        clerk: Clerk,
        notices: Notices,
        known: KnownThreads,
    ) -> None:
        self._reader = reader
        self._admission = admission
        self._engine = engine
        self._bindings = bindings
        self._threads = threads
        self._control = control
        self._clerk = clerk
        self._notices = notices
        self._known = known
        self._moved: Set[str] = frozenset()
        self._moved_at = -_MOVED_MEMORY

    async def take(self, batch: Batch) -> None:
        """Return when every update of the batch is taken over; chats do not wait for each other."""
        chats: dict[str, list[tuple[Event, bytes]]] = {}
        for number, raw in batch:
            if (event := self._read(number, raw)) is not None:
                chats.setdefault(_chat_of(event), []).append((event, raw))
        if len(chats) == 1:
            (events,) = chats.values()
            await self._take_chat(events)
            return
        async with asyncio.TaskGroup() as lanes:
            for events in chats.values():
                lanes.create_task(self._take_chat(events))

    async def take_one(self, number: int, raw: bytes) -> None:
        """Return when the update is taken over, and a command has taken effect or takes too long.

        So a message that is brought behind a command, to whatever process, finds what it did.
        """
        event = self._read(number, raw)
        if event is None:
            return
        await self._persist(event, raw)
        if isinstance(event, Commanded | Pressed) and event.origin is not None:
            await self._control.wait_for_commands(event.origin.place.thread)

    async def change(self, change: Change) -> None:
        """Let a thread's session move along; waits for a store that is away."""
        await self._persist(change, b"")

    def _read(self, number: int, raw: bytes) -> Event | None:
        try:
            return self._reader.read(_decode(raw))
        except msgspec.MsgspecError:
            log.warning("telegram.update_undecodable", update_id=number)
        except Exception:  # noqa: BLE001 - one update must not keep the others away
            report("telegram.update_unreadable", update_id=number)
        return None

    async def _take_chat(self, events: Sequence[tuple[Event, bytes]]) -> None:
        for event, raw in events:
            await self._persist(event, raw)

    async def _persist(self, event: Event, raw: bytes) -> None:
        try:
            await until_stored(lambda: self._take(event, raw), _LONGEST_STORE_PAUSE)
        except Exception:  # noqa: BLE001 - one update must not keep the others away
            incident = report("telegram.update_failed")
            if isinstance(event, Said | Commanded):
                self._notices.say(event.origin, say_failure(incident))

    async def _take(self, event: Event, raw: bytes) -> None:
        match event:
            case Said():
                await self._message(event)
            case Commanded():
                if await self._admitted(event.origin, addressed=True):
                    await self._control.admit(event.origin.event, event, raw)
            case Pressed():
                await self._button(event, raw)
            case Wordless():
                await self._wordless(event)
            case Renamed() | ClosedTopic() | Reopened() | Moved() | Removed():
                await self._move_along(event)
            case other:
                assert_never(other)

    async def _message(self, said: Said) -> None:
        thread = said.origin.place.thread
        await self._control.wait_for_commands(thread)
        if not (said.addressed or await self._is_bound(thread)):
            return
        if await self._admitted(said.origin, addressed=said.addressed):
            await self._engine.accept(said.inbound(), self._known.title(thread) or said.title)
            self._known.bound(thread)

    async def _wordless(self, event: Wordless) -> None:
        """Say that only text is read; seldom where people are among themselves in a bound thread."""
        origin, thread = event.origin, event.origin.place.thread
        if not (event.addressed or await self._is_bound(thread)):
            return
        if await self._admitted(origin, addressed=event.addressed):
            hint = NOTHING_ASKED if event.empty else TEXT_ONLY
            pause = _NOTICE_PAUSE if event.addressed else _HINT_PAUSE
            self._notices.say_seldom(("wordless", str(thread), origin.person.id), origin, hint, pause)

    async def _button(self, pressed: Pressed, raw: bytes) -> None:
        """Keep a press of somebody who is admitted; others hear so at once."""
        origin = pressed.origin
        if origin is None or not await self._admits(origin):
            alert = STALE if origin is None else "You may not use this bot."
            self._notices.beside(lambda: self._clerk.end_spinner(pressed, alert))
            return
        await self._control.admit(origin.event, pressed, raw)

    async def _is_bound(self, thread: ThreadRef) -> bool:
        if self._known.is_bound(thread):
            return True
        if await self._bindings.bound(thread) is None:
            return False
        self._known.bound(thread)
        return True

    async def _move_along(self, change: Change) -> None:
        match change:
            case Renamed(thread, title):
                self._known.named(thread, title)
                await self._threads.renamed(thread, title)
            case ClosedTopic(thread):
                await self._threads.closed(thread)
            case Reopened(thread):
                await self._threads.reopened(thread)
            case Removed(thread):
                self._known.changed(thread)
                await self._threads.removed(thread)
            case Moved(old, new):
                await self._threads.migrated(old, new)
                self._moved_at = -_MOVED_MEMORY
            case other:
                assert_never(other)

    async def _admits(self, origin: Origin) -> bool:
        chat = f"telegram:{origin.chat}"
        return self._admission.admits(origin.person.id, chat) or chat in await self._moved_chats()

    async def _moved_chats(self) -> Set[str]:
        """The present ids of admitted groups that became supergroups: the store knows both."""
        now = time.monotonic()
        if now - self._moved_at >= _MOVED_MEMORY:
            groups = [entry for entry in self._admission.entries if entry.startswith("telegram:-")]
            homes = [await self._bindings.find_workspace(WorkspaceKey(group)) for group in groups]
            self._moved = {str(home.key) for home in homes if home is not None}
            self._moved_at = now
        return self._moved

    async def _admitted(self, origin: Origin, *, addressed: bool) -> bool:
        if await self._admits(origin):
            return True
        if addressed:
            here = "" if origin.private else f"telegram:{origin.chat}"
            refusal = plain(self._admission.refusal(origin.person.id, here))
            key = ("refused", origin.chat, origin.person.id)
            self._notices.say_seldom(key, origin, refusal, _REFUSAL_PAUSE)
        return False


def _chat_of(event: Event) -> str:
    match event:
        case Moved(old, _):
            return old.chat
        case Renamed() | ClosedTopic() | Reopened() | Removed():
            return event.thread.chat
        case Pressed():
            return event.origin.chat if event.origin is not None else ""
        case Said() | Commanded() | Wordless():
            return event.origin.chat
        case other:
            assert_never(other)

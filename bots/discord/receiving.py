"""Takes the gateway's events to what they concern, in order within a channel."""

import asyncio
from functools import partial

import msgspec

from bots.beginning import Work, begin
from bots.discord.catching_up import CatchingUp
from bots.discord.connection import Connection
from bots.discord.events import Interaction, Said, Where
from bots.discord.interactions import Interactions
from bots.discord.messages import Messages
from bots.discord.places import thread_of
from bots.patience import until_stored
from sessions.incidents import report
from sessions.threads import ThreadEvents


class Receiver:
    """Implements :class:`bots.discord.channels.Listener`; its work ends with the task group."""

    def __init__(
        self,
        connection: Connection,
        tasks: asyncio.TaskGroup,
        messages: Messages,
        interactions: Interactions,
        threads: ThreadEvents,
        missed: CatchingUp,
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._messages = messages
        self._interactions = interactions
        self._threads = threads
        self._missed = missed
        self._newest: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def heard(self, event: str, data: object) -> None:
        """Begin to handle an event."""
        match event:
            case "MESSAGE_CREATE":
                self.message(msgspec.convert(data, Said))
            case "INTERACTION_CREATE":
                interaction = msgspec.convert(data, Interaction)
                self._begin(lambda: self._interactions.heed(interaction))
            case "READY":
                self._missed.connected()
            case "THREAD_UPDATE" | "CHANNEL_UPDATE":
                self._changed(msgspec.convert(data, Where))
            case "THREAD_DELETE" | "CHANNEL_DELETE":
                self._deleted(msgspec.convert(data, Where).id)
            case _:
                return

    def changed(self, state: str) -> None:
        """Look for what was missed when a gateway session could not be resumed."""
        match state:
            case "ready":
                self._look(lambda: self._missed.look(self.message))
            case "resumed":
                self._look(lambda: self._missed.resumed(self.message))
            case _:
                self._missed.lost()

    async def settle(self, seconds: float) -> None:
        """Let what has begun come to its end, for so long; the task group cancels the rest."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def message(self, said: Said, *, quiet: bool = False) -> None:
        """Handle a message after the earlier ones of its channel."""
        self._missed.saw(said)
        role = self._connection.role(said.guild_id or "")
        self._in_order(
            said.channel_id,
            lambda: self._messages.heed(said, self._connection.user, role, quiet=quiet),
        )

    def _changed(self, now: Where) -> None:
        before = self._connection.channel(now.id)
        thread = thread_of(now.id)
        name = now.name
        if name and (before is None or before.name != name):
            self._in_order(now.id, partial(self._threads.renamed, thread, name))
        if now.thread_metadata is None:
            return
        shut = now.thread_metadata.archived or now.thread_metadata.locked
        if shut and not (before and before.shut):
            self._in_order(now.id, partial(self._threads.closed, thread))
        elif not shut and (before is None or before.shut):
            self._in_order(now.id, partial(self._threads.reopened, thread))

    def _deleted(self, channel: str) -> None:
        threads = [found.id for found in self._connection.channels() if found.parent == channel]
        for gone in (channel, *threads):
            thread = thread_of(gone)
            self._in_order(gone, partial(self._threads.removed, thread))

    def _in_order(self, channel: str, work: Work) -> None:
        before = self._newest.get(channel)
        task = self._begin(lambda: _after(before, work))
        if task is not None:
            self._newest[channel] = task
            task.add_done_callback(lambda done: self._forget(channel, done))

    def _begin(self, work: Work) -> asyncio.Task[None] | None:
        task = self._look(work)
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return task

    def _look(self, work: Work) -> asyncio.Task[None] | None:
        """Begin what nobody has to wait for when serving ends."""
        return begin(self._tasks, lambda: _guarded(work))

    def _forget(self, channel: str, done: asyncio.Task[None]) -> None:
        if self._newest.get(channel) is done:
            del self._newest[channel]


async def _after(before: asyncio.Task[None] | None, work: Work) -> None:
    if before is not None:
        await asyncio.wait({before})
    await until_stored(work)


async def _guarded(work: Work) -> None:
    """The edge of a handler: one failure must not end the others."""
    try:
        await work()
    except Exception:  # noqa: BLE001 - logged with an id
        report("discord.handler_failed")

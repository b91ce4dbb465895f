"""``/session start`` in a text channel: the session gets a Discord thread of its own."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import structlog

from bots.discord.channels import Channel
from bots.discord.events import Anything, Made
from bots.discord.places import Spot, thread_of
from bots.discord.rendering import render_notice
from bots.discord.sending import Rest, nonce_of, send
from bots.outlet import OutletError, Unreachable
from bots.patience import until_stored
from bots.wording import Notice, say
from sessions.commands import Caller, SessionCommands
from sessions.model import EventId, Session
from sessions.outcomes import Started

_THREADS = "/channels/{channel_id}/threads"
_MEMBER = "/channels/{channel_id}/thread-members/{user_id}"
_NAME_LENGTH = 100
_NO_THREAD = "I could not open a thread for it{why}, so it is bound to this channel: mention me to talk."
_NO_LEAVE = "; I need the permission “Create Public Threads” here"

log = structlog.get_logger(__name__)


class Channels(Rest, Protocol):
    """What calls and knows the guilds' threads."""

    def channels(self) -> Iterator[Channel]:
        """All channels and open threads."""
        ...


class Opening:
    """Starts sessions in threads that it opens."""

    def __init__(self, rest: Channels, commands: SessionCommands) -> None:
        self._rest = rest
        self._commands = commands

    async def start(self, caller: Caller, spot: Spot, name: str | None) -> Notice:
        """Make the session, then its thread; without one the channel is bound. Raises UserError."""
        started = await until_stored(lambda: self._commands.start(caller, name, bind=False))
        session = started.session
        try:
            thread = await self._open(caller, spot, session)
        except OutletError as error:
            log.info("discord.thread_not_opened", error=type(error).__name__, code=str(error))
            bound = await self._bind(caller, session)
            why = "" if isinstance(error, Unreachable) else _NO_LEAVE
            return Notice(f"{say(bound).text}\n{_NO_THREAD.format(why=why)}")
        place = replace(caller.place, thread=thread_of(thread))
        bound = await self._bind(replace(caller, place=place), session)
        await self._greet(caller, thread, bound)
        return Notice(f"{say(bound).text.splitlines()[0].rstrip()} in <#{thread}>")

    async def _open(self, caller: Caller, spot: Spot, session: Session) -> str:
        body = {"name": session.name[:_NAME_LENGTH], "type": spot.opens}
        try:
            made = await self._rest.call("POST", _THREADS, Made, {"channel_id": spot.channel}, body=body)
        except Unreachable:
            # It may be open all the same; the gateway will have told.
            since = int(caller.event.rpartition(":")[2])
            for channel in self._rest.channels():
                fresh = int(channel.id) > since and channel.parent == spot.channel
                if fresh and channel.name == body["name"]:
                    return channel.id
            raise
        return made.id

    async def _bind(self, caller: Caller, session: Session) -> Started:
        binding = replace(caller, event=EventId(f"{caller.event}:bind"))
        resumed = await until_stored(lambda: self._commands.resume_id(binding, session.key.id))
        return Started(resumed.session)

    async def _greet(self, caller: Caller, thread: str, started: Started) -> None:
        """Bring the person into the thread and say what it is; neither has to succeed."""
        user = caller.person.id.removeprefix("discord:")
        try:
            await self._rest.call("PUT", _MEMBER, Anything, {"channel_id": thread, "user_id": user})
            nonce = nonce_of("greeting", caller.event)
            await send(self._rest, thread, render_notice(say(started)), nonce=nonce)
        except OutletError as error:
            log.info("discord.thread_not_greeted", error=type(error).__name__, code=str(error))

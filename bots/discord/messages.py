"""What people write: which messages are for the bot, and how they become Inbounds."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bots.admission import Admission
from bots.discord.addressing import addressed
from bots.discord.events import Said, User, display_name, sent_at
from bots.discord.places import Kind, Places, Spot, person_of
from bots.discord.rendering import render_notice
from bots.discord.sending import Rest, nonce_of, send
from bots.outlet import OutletError
from bots.patience import until_stored
from bots.quoting import plain
from bots.wording import TEXT_ONLY, UNSEEN, Notice, say_failure
from sessions.engine import Engine
from sessions.incidents import report
from sessions.model import EventId, Inbound
from sessions.ports.catalog import Catalog
from sessions.recent import Recent

SAY_SOMETHING = "Write your message after the mention. `/session help` tells what else I can do."
_WRITTEN = frozenset({0, 19})
"""Ordinary messages and replies; the others are made by Discord itself."""
_REFUSAL_PAUSE = 600.0
_FINDING_TIME = 20.0
"""Seconds that the channel's next messages wait at most until it is known who can read it."""
_MENTION = re.compile(r"[ \t]?<@(!|&)?(\d+)>")

log = structlog.get_logger(__name__)


class Messages:
    """Takes messages over, each once, durably before anything is shown."""

    def __init__(
        self, rest: Rest, engine: Engine, catalog: Catalog, admission: Admission, places: Places
    ) -> None:
        self._rest = rest
        self._engine = engine
        self._catalog = catalog
        self._admission = admission
        self._places = places
        self._handled: Recent[str, None] = Recent()
        self._refused: Recent[tuple[str, str], float] = Recent()

    async def heed(
        self,
        said: Said,
        bot: str,
        role: str,
        *,
        quiet: bool = False,
        turn: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Answer a message if it is for the bot. ``quiet``: or else say nothing about it.

        Whether it is for the bot counts when it is heard; it is taken over when its ``turn`` has come.
        """
        if not _by_person(said) or said.id in self._handled:
            return
        spot = await self._places.of(said.channel_id, said.guild_id, _FINDING_TIME)
        if await self._meant(said, spot, bot, role):
            if turn is not None:
                await turn()
            await self._answer(said, spot, bot, role, quiet=quiet)
        # Also what was not meant: its thread may be bound by the time that it is read again.
        self._handled.put(said.id, None)

    async def _answer(self, said: Said, spot: Spot, bot: str, role: str, *, quiet: bool) -> None:
        if self._admission.admits(*spot.admission_ids(said.author.id)):
            await self._take(said, spot, bot, role, quiet=quiet)
        elif not quiet and self._may_refuse(said, spot):
            refusal = self._admission.refusal(f"discord:user:{said.author.id}")
            await self._tell(said, Notice(f"⚠️ {plain(refusal)}"))

    async def _meant(self, said: Said, spot: Spot, bot: str, role: str) -> bool:
        if spot.kind is Kind.DIRECT or addressed(said, bot, role):
            return True
        if spot.kind is not Kind.THREAD:
            return False
        return await until_stored(lambda: self._catalog.bound(spot.place.thread)) is not None

    async def _take(self, said: Said, spot: Spot, bot: str, role: str, *, quiet: bool) -> None:
        text = readable(said, bot, role)
        if not text:
            if not quiet:
                bare = said.content.strip()
                await self._tell(said, Notice(SAY_SOMETHING if bare else TEXT_ONLY))
            return
        if said.attachments:
            text = f"{text}\n\n{UNSEEN}"
        author = person_of(said.author.id, display_name(said.author, said.member))
        inbound = Inbound(
            event=EventId(f"discord:{said.id}"),
            place=replace(spot.place, home=spot.place.home or author.name),
            author=author,
            text=text,
            number=int(said.id),
            message=said.id,
            sent_at=sent_at(said.id),
        )
        try:
            await until_stored(lambda: self._engine.accept(inbound, spot.title))
        except Exception:  # noqa: BLE001 - logged with the id that the person is told
            await self._tell(said, say_failure(report("discord.message_not_taken")))

    async def _tell(self, said: Said, notice: Notice) -> None:
        """Answer at once; the nonce comes from the message, so a repeated event says it once."""
        nonce = nonce_of("notice", said.id)
        try:
            await send(self._rest, said.channel_id, render_notice(notice), nonce=nonce, reply_to=said.id)
        except OutletError as error:
            log.info("discord.notice_failed", error=type(error).__name__, code=str(error))

    def _may_refuse(self, said: Said, spot: Spot) -> bool:
        """Refuse a person always in private, and now and then in a channel."""
        if spot.kind is Kind.DIRECT:
            return True
        key, now = (said.channel_id, said.author.id), time.monotonic()
        if now - self._refused.get(key, -_REFUSAL_PAUSE) < _REFUSAL_PAUSE:
            return False
        self._refused.put(key, now)
        return True


def readable(said: Said, bot: str, role: str) -> str:
    """Return the text without the bot's mention and with other people's names."""
    names = {user.id: _at(user) for user in said.mentions}

    def named(found: re.Match[str]) -> str:
        sort, mentioned = found.groups()
        if (sort == "&" and mentioned == role) or (sort != "&" and mentioned == bot):
            return ""
        if sort == "&" or mentioned not in names:
            return found.group()
        return found.group()[: found.group().index("<")] + names[mentioned]

    return _MENTION.sub(named, said.content).strip()


def _at(user: User) -> str:
    return f"@{display_name(user, None)}"


def _by_person(said: Said) -> bool:
    return not said.author.bot and said.webhook_id is None and said.type in _WRITTEN

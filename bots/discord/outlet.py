"""Where one answer is shown on Discord: sends, edits, deletes and finds the messages of a reply."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from bots.discord.channels import CALL_TIME
from bots.discord.events import Anything, Said
from bots.discord.failures import ThreadArchived
from bots.discord.rendering import components, mark_repeat, render_answer
from bots.discord.sending import Rest, nonce_of, send, unarchive
from bots.outlet import Asked, MessageGone
from bots.wording import deciding

_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_MESSAGES = "/channels/{channel_id}/messages"
_PAGE = 100
_PAGES = 3
_QUIET = {"parse": [], "replied_user": False}


@dataclass(frozen=True, slots=True)
class Offer:
    """A message's content above buttons that decide about a run."""

    text: str
    asked: Asked


Content = str | Offer


class DiscordOutlet:
    """Implements :class:`bots.outlet.Outlet`: every message of the answer replies to the question.

    So a message whose send had no result can be found again: by its nonce while this process lives, and
    by its place among the bot's replies to the question by any other. A nonce is for one send and its
    repeats; a message that takes a deleted one's place has another, or Discord would return the deleted.
    """

    def __init__(self, rest: Rest, bot: str, channel: str, question: str) -> None:
        self._rest = rest
        self._bot = bot
        self._channel = channel
        self._question = question
        self._salt = secrets.token_hex(8)
        self._generation: dict[int, int] = {}
        self._arrived: set[int] = set()

    @property
    def chat(self) -> str:
        """Discord's buckets are a channel's or thread's."""
        return self._channel

    @property
    def time_out(self) -> timedelta:
        """The longest that one call takes."""
        return timedelta(seconds=CALL_TIME)

    @property
    def placeholder(self) -> Content:
        """An ellipsis."""
        return "…"

    @property
    def can_find(self) -> bool:
        """Messages can be looked up where the question is known."""
        return bool(self._question)

    def render(self, text: str, note: str) -> tuple[Content, ...]:
        """See :meth:`bots.outlet.Outlet.render`."""
        return render_answer(text, note)

    def mark_repeat(self, part: Content) -> Content:
        """See :meth:`bots.outlet.Outlet.mark_repeat`."""
        if isinstance(part, Offer):
            return Offer(mark_repeat(part.text), part.asked)
        return mark_repeat(part)

    def offer(self, part: Content, asked: Asked) -> Content:
        """See :meth:`bots.outlet.Outlet.offer`."""
        return Offer(part.text if isinstance(part, Offer) else part, asked)

    async def send(self, part: Content, index: int) -> str:
        """Send the ``index``-th message; a repeat of a lost send makes no second one."""
        if index in self._arrived:
            self._arrived.discard(index)
            self._generation[index] = self._generation.get(index, 0) + 1
        sent = await send(
            self._rest,
            self._channel,
            _body(part),
            nonce=self._nonce(index),
            reply_to=self._question,
        )
        self._arrived.add(index)
        return sent

    async def edit(self, message: str, part: Content) -> None:
        """Bring a message to this content. Raises MessageGone."""
        body = {**_body(part), "allowed_mentions": _QUIET}
        ids = {"channel_id": self._channel, "message_id": message}
        try:
            await self._rest.call("PATCH", _MESSAGE, Anything, ids, body=body)
        except ThreadArchived:
            await unarchive(self._rest, self._channel)
            await self._rest.call("PATCH", _MESSAGE, Anything, ids, body=body)

    async def delete(self, message: str) -> None:
        """Delete a message; fine if it is gone already."""
        ids = {"channel_id": self._channel, "message_id": message}
        try:
            await self._rest.call("DELETE", _MESSAGE, Anything, ids)
        except MessageGone:
            return
        except ThreadArchived:
            await unarchive(self._rest, self._channel)
            await self._rest.call("DELETE", _MESSAGE, Anything, ids)

    async def find(self, index: int) -> str | None:
        """Look among the bot's replies to the question, a bounded number of messages after it."""
        nonce, replies = self._nonce(index), await self._replies()
        found = next((reply.id for reply in replies if str(reply.nonce) == nonce), None)
        if found is None and len(replies) > index:
            found = replies[index].id
        if found is not None:
            self._arrived.add(index)
        return found

    async def typing(self) -> None:
        """Show for ten seconds that the bot writes."""
        await self._rest.call(
            "POST", "/channels/{channel_id}/typing", Anything, {"channel_id": self._channel}
        )

    def _nonce(self, index: int) -> str:
        return nonce_of(self._salt, str(index), str(self._generation.get(index, 0)))

    async def _replies(self) -> list[Said]:
        """Return the bot's replies to the question, the oldest first."""
        replies: list[Said] = []
        after = self._question
        for _ in range(_PAGES):
            page = await self._rest.call(
                "GET",
                _MESSAGES,
                list[Said],
                {"channel_id": self._channel},
                query={"after": after, "limit": str(_PAGE)},
            )
            page.sort(key=lambda said: int(said.id))
            replies += [said for said in page if self._answers(said)]
            if len(page) < _PAGE:
                break
            after = page[-1].id
        return replies

    def _answers(self, said: Said) -> bool:
        reference = said.message_reference
        ours = said.author.id == self._bot
        return ours and reference is not None and reference.message_id == self._question


def _body(part: Content) -> dict[str, object]:
    if isinstance(part, Offer):
        return {"content": part.text, "components": components((deciding(part.asked),))}
    return {"content": part}

"""What people saw: messages as a reader of the chat knows them, with every edit."""

from dataclasses import dataclass
from datetime import datetime

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.components import parts
from tests.emulators.discord.nouns import Channel, Message, Revision, Typing, User
from tests.emulators.discord.world import World

_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A message as it stands, and what it said before."""

    id: int
    channel_id: int
    author: str
    author_id: int
    content: str
    components: list[JsonObject]
    embeds: list[JsonObject]
    attachments: list[str]
    kind: int
    loading: bool
    """"The bot is thinking …" is all that there is to see."""
    reply_to: int | None
    ephemeral_to: int | None
    mentions: list[int]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    history: list[Revision]

    @property
    def buttons(self) -> list[str]:
        return [part["label"] for part in parts(self.components) if "label" in part]


def seen(message: Message) -> SeenMessage:
    return SeenMessage(
        id=message.id,
        channel_id=message.channel.id,
        author=message.author.name,
        author_id=message.author.id,
        content=message.content,
        components=message.components,
        embeds=message.embeds,
        attachments=[attachment.filename for attachment in message.attachments],
        kind=int(message.kind),
        loading=message.loading,
        reply_to=None if message.reply_to is None else message.reply_to.id,
        ephemeral_to=None if message.ephemeral_to is None else message.ephemeral_to.id,
        mentions=[user.id for user in message.mentions],
        created_at=message.created_at,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
        history=list(message.history),
    )


class ChannelView:
    """A channel, thread or conversation from the side of its readers."""

    def __init__(self, world: World, noun: Channel) -> None:
        self.noun = noun
        self._world = world

    @property
    def id(self) -> int:
        return self.noun.id

    @property
    def name(self) -> str:
        return self.noun.name

    @property
    def typing(self) -> list[Typing]:
        """Every time somebody was shown to type here."""
        return list(self.noun.typing)

    @property
    def deleted(self) -> bool:
        return self.noun.id in self._world.deleted_channels

    @property
    def archived(self) -> bool:
        return self.noun.thread is not None and self.noun.thread.archived

    @property
    def locked(self) -> bool:
        return self.noun.thread is not None and self.noun.thread.locked

    def visible(self, viewer: User | int | None = None) -> list[SeenMessage]:
        """Give the messages that stand in the chat, in order.

        Ephemeral ones are included for everybody unless a viewer is named.
        """
        return [m for m in self.everything(viewer) if m.deleted_at is None]

    def everything(self, viewer: User | int | None = None) -> list[SeenMessage]:
        """Give the same with the deleted messages in their places."""
        viewer_id = viewer.id if isinstance(viewer, User) else viewer
        found = [seen(m) for m in self.noun.messages.values()]
        if viewer_id is not None:
            found = [m for m in found if m.ephemeral_to in {None, viewer_id}]
        return sorted(found, key=lambda m: m.id)

    def by_bot(self) -> list[SeenMessage]:
        """Give the bot's visible messages, without those that still say "thinking …"."""
        bot = self._world.bot.id
        ordinary = {0, 19, 20}
        mine = [m for m in self.visible() if m.author_id == bot and m.kind in ordinary]
        return [m for m in mine if not m.loading]

    async def wait_text(
        self,
        contains: str,
        timeout: float = _PATIENCE_S,  # noqa: ASYNC109
    ) -> SeenMessage:
        """Wait until the bot shows a text here; give the message."""

        def found() -> SeenMessage | None:
            return next((m for m in self.by_bot() if contains in m.content), None)

        message = await self._world.changes.wait_for(found, timeout)
        assert message is not None
        return message

    async def wait_messages(
        self,
        count: int,
        timeout: float = _PATIENCE_S,  # noqa: ASYNC109
    ) -> list[SeenMessage]:
        """Wait until the bot shows at least so many messages here."""
        return await self._world.changes.wait_for(
            lambda: found if len(found := self.by_bot()) >= count else [], timeout
        )

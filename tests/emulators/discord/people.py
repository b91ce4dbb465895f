"""People: what they say, type, press and rename, held to what the app would let them do."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from tests.emulators.discord import posting, threads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.commands import Registry
from tests.emulators.discord.components import BUTTON, parts
from tests.emulators.discord.errors import PersonCannot
from tests.emulators.discord.interactions import (
    Callback,
    Choice,
    Interaction,
    InteractionKind,
    Interactions,
    Progress,
)
from tests.emulators.discord.invoking import Typed, command_data, needed_permissions
from tests.emulators.discord.nouns import Attachment, Channel, ChannelKind, Message, User
from tests.emulators.discord.permissions import Permission, can_send, permissions_in
from tests.emulators.discord.posting import Draft
from tests.emulators.discord.seen import ChannelView, SeenMessage, seen
from tests.emulators.discord.threads import ThreadPlan
from tests.emulators.discord.world import World

Place: TypeAlias = Channel | ChannelView | int
"""A channel, thread or conversation, or its id."""

Said: TypeAlias = Message | SeenMessage | int
"""A message or its id."""

_LINK_STYLE = 5
_PATIENCE_S = 10.0


class InteractionFailed(Exception):
    """The person was told that the application did not respond."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command or press that is under way, and what the person sees of it."""

    interaction: Interaction
    _world: World

    @property
    def id(self) -> int:
        return self.interaction.id

    @property
    def failed(self) -> bool:
        return self.interaction.progress is Progress.FAILED

    @property
    def ephemeral(self) -> bool:
        return self.interaction.ephemeral

    @property
    def followups(self) -> list[SeenMessage]:
        return [seen(message) for message in self.interaction.followups]

    async def acknowledged(self, timeout: float = _PATIENCE_S) -> Callback:  # noqa: ASYNC109
        """Wait until the bot answers at all; InteractionFailed when it is too late."""
        interaction = self.interaction
        await self._world.changes.wait_for(lambda: interaction.progress is not Progress.WAITING, timeout)
        if interaction.callback is None:
            raise InteractionFailed(f"{interaction.name}: no answer in time")
        return interaction.callback

    async def response(self, timeout: float = _PATIENCE_S) -> SeenMessage:  # noqa: ASYNC109
        """Wait until there is something to read, past any "thinking …"; give that message."""
        callback = await self.acknowledged(timeout)
        if callback is Callback.DEFERRED_UPDATE:
            raise PersonCannot("a silent acknowledgement shows nothing; look at the channel")
        interaction = self.interaction

        def readable() -> Message | None:
            original = interaction.original
            if original is not None and not original.loading and original.deleted_at is None:
                return original
            return next((m for m in interaction.followups if m.deleted_at is None), None)

        message = await self._world.changes.wait_for(readable, timeout)
        assert message is not None
        return seen(message)


class Person:
    """Somebody at a Discord app."""

    def __init__(self, world: World, user: User, interactions: Interactions, registry: Registry) -> None:
        self.user = user
        self._world = world
        self._interactions = interactions
        self._registry = registry

    def say(
        self,
        channel: Place,
        content: str = "",
        *,
        mentions_bot: bool = False,
        reply_to: Said | None = None,
        attachments: Sequence[str] = (),
    ) -> Message:
        """Send a message; attachments are file names, and alone are enough."""
        place = self._enter(channel)
        if not can_send(place, self.user) or place.kind is ChannelKind.FORUM:
            raise PersonCannot(f"{self.user.name} cannot write in {place.name!r}")
        draft = self._draft(content, mentions_bot, attachments)
        if draft.empty:
            raise PersonCannot("an empty message cannot be sent")
        if reply_to is not None:
            draft = replace(draft, reply_to=self._message(reply_to))
        if place.thread is not None:
            self._speak_up(place)
        return posting.post(self._world, place, draft)

    def dm(self, content: str = "", *, attachments: Sequence[str] = ()) -> Message:
        """Write to the bot in private."""
        return self.say(self._world.dm(self.user), content, attachments=attachments)

    def edit(self, message: Said, content: str) -> None:
        found = self._own(message)
        posting.edit(self._world, found, replace(posting.current(found), content=content))

    def delete(self, message: Said) -> None:
        """Delete an own message, or anybody's as a moderator."""
        found = self._message(message)
        allowed = permissions_in(found.channel, self.user)
        if found.author is not self.user and Permission.MANAGE_MESSAGES not in allowed:
            raise PersonCannot(f"{self.user.name} cannot delete another's message")
        posting.delete(self._world, found)

    def type(self, channel: Place) -> None:
        posting.type_in(self._world, self._enter(channel), self.user)

    def slash(self, channel: Place, *words: str, **options: Typed) -> Invocation:
        """Use a registered slash command; words are its name and sub-commands."""
        place = self._may_use_commands(channel, words[0])
        data = command_data(self._registry, place, words, options)
        return self._invoke(InteractionKind.COMMAND, f"/{' '.join(words)}", place, data)

    async def autocomplete(self, channel: Place, *words: str, **options: Typed) -> list[Choice]:
        """Type into the last of the options and give the choices that appear.

        InteractionFailed when none came in time.
        """
        place = self._may_use_commands(channel, words[0])
        focused = list(options)[-1]
        data = command_data(self._registry, place, words, options, focused)
        name = f"/{' '.join(words)} {focused}…"
        invocation = self._invoke(InteractionKind.AUTOCOMPLETE, name, place, data)
        await invocation.acknowledged()
        return list(invocation.interaction.choices or [])

    def press(self, message: Said, button: str) -> Invocation:
        """Press a button, named by custom id or label."""
        found, part = self._part(message, button)
        if part["type"] != BUTTON or part["style"] == _LINK_STYLE:
            raise PersonCannot(f"{button!r} cannot be pressed")
        return self._use(found, part, {})

    def choose(self, message: Said, menu: str, *values: str) -> Invocation:
        """Choose values in a select menu, named by custom id."""
        found, part = self._part(message, menu)
        offered = {option["value"] for option in part.get("options", [])}
        if part["type"] == BUTTON or not offered.issuperset(values):
            raise PersonCannot(f"{menu!r} does not offer {values}")
        return self._use(found, part, {"values": list(values)})

    def open_thread(
        self,
        channel: Place,
        name: str,
        *,
        on: Said | None = None,
        private: bool = False,
    ) -> Channel:
        """Open a thread in a text channel, on one of its messages or freely."""
        parent = self._enter(channel)
        needed = Permission.CREATE_PUBLIC_THREADS
        if private:
            needed = Permission.CREATE_PRIVATE_THREADS
        self._need(parent, needed)
        kind = ChannelKind.PRIVATE_THREAD if private else ChannelKind.PUBLIC_THREAD
        plan = ThreadPlan(_checked_name(name), self.user, kind)
        if on is not None:
            return threads.open_thread_on(self._world, self._message(on), plan)
        return threads.open_thread(self._world, parent, plan)

    def open_post(self, forum: Place, name: str, content: str, *, mentions_bot: bool = False) -> Channel:
        """Open a post in a forum."""
        place = self._enter(forum)
        if place.kind is not ChannelKind.FORUM:
            raise PersonCannot(f"{place.name!r} is no forum")
        self._need(place, Permission.SEND_MESSAGES)
        plan = ThreadPlan(_checked_name(name), self.user)
        first = self._draft(content, mentions_bot, ())
        return threads.open_post(self._world, place, plan, first)

    def add_to_thread(self, thread: Place, member: User | int) -> None:
        """Bring somebody (the bot too) into a thread."""
        found = self._world.users[member] if isinstance(member, int) else member
        threads.join(self._world, self._enter(thread), found)

    def rename(self, channel: Place, name: str) -> None:
        place = self._manage(channel, owner_may=True)
        threads.rename(self._world, place, _checked_name(name), self.user)

    def archive(self, thread: Place) -> None:
        threads.set_archived(self._world, self._manage(thread, owner_may=True), archived=True)

    def unarchive(self, thread: Place) -> None:
        place = self._enter(thread)
        if place.thread is not None and place.thread.locked:
            self._need(place, Permission.MANAGE_THREADS)
        threads.set_archived(self._world, place, archived=False)

    def lock(self, thread: Place) -> None:
        threads.set_locked(self._world, self._manage(thread), locked=True)

    def unlock(self, thread: Place) -> None:
        threads.set_locked(self._world, self._manage(thread), locked=False)

    def delete_channel(self, channel: Place) -> None:
        """Delete a thread or a channel with its threads."""
        threads.delete_channel(self._world, self._manage(channel))

    def _invoke(
        self,
        kind: InteractionKind,
        name: str,
        channel: Channel,
        data: JsonObject,
        source: Message | None = None,
    ) -> Invocation:
        opened = self._interactions.open(kind, name, self.user, channel, data, source)
        return Invocation(opened, self._world)

    def _use(self, message: Message, part: JsonObject, extra: JsonObject) -> Invocation:
        data = {"custom_id": part["custom_id"], "component_type": part["type"], **extra}
        name = part.get("label") or part["custom_id"]
        kind = InteractionKind.COMPONENT
        return self._invoke(kind, f"[{name}]", message.channel, data, message)

    def _part(self, message: Said, name: str) -> tuple[Message, JsonObject]:
        found = self._message(message)
        self._enter(found.channel)
        if found.deleted_at is not None or found.ephemeral_to not in {None, self.user}:
            raise PersonCannot("the message is not there for this person")
        for part in parts(found.components):
            if name in {part.get("custom_id"), part.get("label")}:
                if part.get("disabled"):
                    raise PersonCannot(f"{name!r} is disabled")
                return found, part
        raise PersonCannot(f"the message has no {name!r}")

    def _may_use_commands(self, channel: Place, word: str) -> Channel:
        place = self._enter(channel)
        needed = needed_permissions(self._registry, place, word)
        self._need(place, needed | Permission.USE_APPLICATION_COMMANDS)
        if place.thread is not None and place.thread.archived:
            raise PersonCannot("commands cannot be used in an archived thread")
        return place

    def _draft(self, content: str, mentions_bot: bool, attachments: Sequence[str]) -> Draft:
        if mentions_bot:
            content = f"{self._world.bot.mention} {content}"
        files = [_file(self._world.ids.next(), name) for name in attachments]
        return Draft(self.user, content, attachments=files)

    def _speak_up(self, thread: Channel) -> None:
        state = thread.thread
        assert state is not None
        if state.locked:
            self._need(thread, Permission.MANAGE_THREADS)
        if state.archived:
            threads.set_archived(self._world, thread, archived=False)
        threads.join(self._world, thread, self.user)

    def _enter(self, channel: Place) -> Channel:
        place = self._world.channels.get(channel if isinstance(channel, int) else channel.id)
        if place is None:
            raise PersonCannot(f"there is no channel {channel}")
        self._need(place, Permission.VIEW_CHANNEL)
        return place

    def _manage(self, channel: Place, *, owner_may: bool = False) -> Channel:
        place = self._enter(channel)
        if place.thread is None:
            self._need(place, Permission.MANAGE_CHANNELS)
        elif not (owner_may and place.thread.owner_id == self.user.id):
            self._need(place, Permission.MANAGE_THREADS)
        return place

    def _need(self, channel: Channel, needed: Permission) -> None:
        missing = needed & ~permissions_in(channel, self.user)
        if missing:
            raise PersonCannot(f"{self.user.name} lacks {missing!r} in {channel.name!r}")

    def _message(self, message: Said) -> Message:
        if isinstance(message, Message):
            return message
        return self._world.any_message(message if isinstance(message, int) else message.id)

    def _own(self, message: Said) -> Message:
        found = self._message(message)
        if found.author is not self.user or found.deleted_at is not None:
            raise PersonCannot("only an own message can be edited")
        return found


def _file(attachment_id: int, name: str) -> Attachment:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Attachment(attachment_id, name, name.encode(), kind)


def _checked_name(name: str) -> str:
    if not 1 <= len(name) <= 100:
        raise PersonCannot("a name has 1 to 100 characters")
    return name

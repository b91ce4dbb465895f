"""Building a world: guilds with channels, roles and members, and changing who belongs."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.nouns import (
    Channel,
    ChannelKind,
    Guild,
    Member,
    Overwrite,
    Role,
    User,
)
from tests.emulators.discord.permissions import NOTHING, TALKING, Permission, can_see
from tests.emulators.discord.sessions import guild_create
from tests.emulators.discord.settings import Intent
from tests.emulators.discord.threads import add_channel, sync_threads, tell_update
from tests.emulators.discord.world import Event, World


def found_guild(world: World, name: str, owner: User, bot_permissions: Permission) -> Guild:
    """Make a guild that the bot is in, with a role of its own for the bot."""
    now = world.clock.now()
    guild_id = world.ids.next()
    everyone = Role(guild_id, "@everyone", int(TALKING))
    guild = Guild(guild_id, name, owner.id, now, everyone, roles={guild_id: everyone})
    world.guilds[guild.id] = guild
    bot_role = _role(world, guild, "parley", bot_permissions, managed=True)
    guild.members[owner.id] = Member(owner, now)
    guild.members[world.bot.id] = Member(world.bot, now, [bot_role])
    world.tell(Event("GUILD_CREATE", guild_create(world, guild), Intent.GUILDS))
    return guild


class GuildView:
    """A guild from the side of those who run it."""

    def __init__(self, world: World, noun: Guild) -> None:
        self.noun = noun
        self._world = world

    @property
    def id(self) -> int:
        return self.noun.id

    def text(self, name: str, *, only_for: list[User] | None = None) -> Channel:
        """Add a text channel; only_for makes it private to those users (name the bot too)."""
        return self._add(ChannelKind.TEXT, name, only_for)

    def forum(self, name: str) -> Channel:
        return self._add(ChannelKind.FORUM, name, None)

    def role(self, name: str, permissions: Permission) -> Role:
        role = _role(self._world, self.noun, name, permissions)
        self._tell_role("GUILD_ROLE_CREATE", role)
        return role

    def join(self, member: User, *roles: Role, may: Permission | None = None) -> Member:
        """Add a member; `may` gives a role of their own with those permissions."""
        held = [*roles] if may is None else [*roles, self.role(f"role of {member.name}", may)]
        joined = Member(member, self._world.clock.now(), held)
        self.noun.members[member.id] = joined
        self._tell("GUILD_MEMBER_ADD", payloads.member(joined))
        return joined

    def give_role(self, user: User, role: Role) -> None:
        member = self.noun.members[user.id]
        with self._telling_new_sight():
            member.roles.append(role)
            self._tell_update(member)

    def take_role(self, user: User, role: Role) -> None:
        member = self.noun.members[user.id]
        member.roles.remove(role)
        self._tell_update(member)

    def set_role(self, role: Role, permissions: Permission) -> None:
        with self._telling_new_sight():
            role.permissions = int(permissions)
            self._tell_role("GUILD_ROLE_UPDATE", role)

    def show(self, channel: Channel, *users: User) -> None:
        """Let users see a channel whatever their roles say."""
        self._overwrite(channel, users, allow=Permission.VIEW_CHANNEL)

    def hide(self, channel: Channel, *users: User) -> None:
        """Hide a channel from users whatever their roles say."""
        self._overwrite(channel, users, deny=Permission.VIEW_CHANNEL)

    def kick(self, member: User) -> None:
        """Remove a member; the bot loses the whole guild."""
        del self.noun.members[member.id]
        if member is self._world.bot:
            self._world.tell(Event("GUILD_DELETE", {"id": str(self.noun.id)}, Intent.GUILDS))
        else:
            self._tell("GUILD_MEMBER_REMOVE", {"user": payloads.user(member)})

    def _add(self, kind: ChannelKind, name: str, only_for: list[User] | None) -> Channel:
        position = len(self.noun.channels)
        channel = Channel(self._world.ids.next(), kind, name, self.noun, position=position)
        if only_for is not None:
            view = int(Permission.VIEW_CHANNEL)
            hidden = Overwrite(self.noun.id, for_member=False, deny=view)
            shown = [Overwrite(u.id, for_member=True, allow=view) for u in only_for]
            channel.overwrites = [hidden, *shown]
        add_channel(self._world, channel)
        return channel

    def _overwrite(
        self,
        channel: Channel,
        users: tuple[User, ...],
        allow: Permission = NOTHING,
        deny: Permission = NOTHING,
    ) -> None:
        ids = {user.id for user in users}
        kept = [o for o in channel.overwrites if o.target_id not in ids]
        added = [Overwrite(i, for_member=True, allow=int(allow), deny=int(deny)) for i in ids]
        with self._telling_new_sight():
            channel.overwrites = kept + added
            tell_update(self._world, channel)

    @contextmanager
    def _telling_new_sight(self) -> Iterator[None]:
        """Sync the threads of channels that the bot sees after a change and did not before."""
        channels = [c for c in self.noun.channels.values() if c.thread is None]
        before = {c.id for c in channels if can_see(c, self._world.bot)}
        yield
        for channel in channels:
            if channel.id not in before and can_see(channel, self._world.bot):
                sync_threads(self._world, channel)

    def _tell_update(self, member: Member) -> None:
        # A bot hears of changes to itself without the members intent.
        mine = member.user is self._world.bot
        intent = Intent.GUILDS if mine else Intent.GUILD_MEMBERS
        self._tell("GUILD_MEMBER_UPDATE", payloads.member(member), intent)

    def _tell_role(self, name: str, role: Role) -> None:
        self._tell(name, {"role": payloads.role(role)}, Intent.GUILDS)

    def _tell(self, name: str, data: JsonObject, intent: Intent = Intent.GUILD_MEMBERS) -> None:
        self._world.tell(Event(name, data | {"guild_id": str(self.noun.id)}, intent))


def _role(world: World, guild: Guild, name: str, permissions: Permission, managed: bool = False) -> Role:
    role = Role(world.ids.next(), name, int(permissions), len(guild.roles), managed)
    guild.roles[role.id] = role
    return role

"""Guilds over REST: channels, members, roles and active threads."""

from tests.emulators.discord import payloads
from tests.emulators.discord.errors import missing_access, unknown_member
from tests.emulators.discord.form import query_form
from tests.emulators.discord.permissions import can_see
from tests.emulators.discord.rest.request import Reply, Request, Routes
from tests.emulators.discord.sessions import active_threads
from tests.emulators.discord.settings import Intent

_GUILD = "/guilds/{guild_id}"


def routes() -> Routes:
    return {
        ("GET", _GUILD): get,
        ("GET", f"{_GUILD}/channels"): channels,
        ("GET", f"{_GUILD}/roles"): roles,
        ("GET", f"{_GUILD}/members"): members,
        ("GET", f"{_GUILD}/members/{{user_id}}"): member,
        ("GET", f"{_GUILD}/threads/active"): threads,
    }


def get(request: Request) -> Reply:
    return Reply(200, payloads.guild(request.guild()))


def channels(request: Request) -> Reply:
    guild = request.guild()
    found = [c for c in guild.channels.values() if c.thread is None]
    return Reply(200, [payloads.channel(c) for c in found])


def roles(request: Request) -> Reply:
    return Reply(200, [payloads.role(r) for r in request.guild().roles.values()])


def members(request: Request) -> Reply:
    """List members by id; needs the members intent, as Discord says."""
    guild = request.guild()
    if Intent.GUILD_MEMBERS not in request.world.settings.privileged_intents:
        raise missing_access()
    form = query_form(request.query)
    limit, after = form.integer("limit", 1, 1000) or 1, form.snowflake("after") or 0
    form.check()
    found = [m for i, m in sorted(guild.members.items()) if i > after]
    return Reply(200, [payloads.member(m) for m in found[:limit]])


def member(request: Request) -> Reply:
    found = request.guild().members.get(request.id("user_id"))
    if found is None:
        raise unknown_member()
    return Reply(200, payloads.member(found))


def threads(request: Request) -> Reply:
    world, guild = request.world, request.guild()
    found = [t for t in active_threads(world, guild) if can_see(t, world.bot)]
    found.sort(key=lambda t: t.id, reverse=True)
    joined = [
        payloads.thread_member(t, world.bot.id, t.thread.members[world.bot.id])
        for t in found
        if t.thread is not None and world.bot.id in t.thread.members
    ]
    body = [payloads.channel(t, world.bot) for t in found]
    return Reply(200, {"threads": body, "members": joined})

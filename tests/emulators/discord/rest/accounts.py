"""The bot's own account, its application, other users, and where the gateway is."""

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import cannot_message_user, unknown_user
from tests.emulators.discord.rest.request import Reply, Request, Routes
from tests.emulators.discord.settings import Intent


def routes() -> Routes:
    return {
        ("GET", "/users/@me"): me,
        ("GET", "/users/@me/guilds"): my_guilds,
        ("POST", "/users/@me/channels"): open_dm,
        ("GET", "/users/{user_id}"): user,
        ("GET", "/applications/@me"): application,
        ("GET", "/oauth2/applications/@me"): application,
        ("GET", "/gateway"): gateway,
        ("GET", "/gateway/bot"): gateway_bot,
    }


def me(request: Request) -> Reply:
    return Reply(200, payloads.own_user(request.world.bot))


def my_guilds(request: Request) -> Reply:
    world = request.world
    mine = [g for g in world.guilds.values() if world.bot.id in g.members]
    return Reply(200, [{"id": str(g.id), "name": g.name, "owner": False} for g in mine])


def open_dm(request: Request) -> Reply:
    form = request.form()
    recipient = form.snowflake("recipient_id", required=True)
    form.check()
    world = request.world
    found = world.users.get(recipient or 0)
    if found is None:
        raise unknown_user()
    if found.bot:
        raise cannot_message_user()
    return Reply(200, payloads.channel(world.dm(found), world.bot))


def user(request: Request) -> Reply:
    found = request.world.users.get(request.id("user_id"))
    if found is None:
        raise unknown_user()
    return Reply(200, payloads.user(found))


def application(request: Request) -> Reply:
    world = request.world
    return Reply(
        200,
        {
            "id": str(world.application_id),
            "name": world.bot.name,
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": payloads.user(world.owner),
            "team": None,
            "verify_key": "0" * 64,
            "flags": _application_flags(world.settings.privileged_intents),
            "interactions_endpoint_url": None,
            "bot": payloads.user(world.bot),
        },
    )


def gateway(request: Request) -> Reply:
    return Reply(200, {"url": request.parts.sessions.resume_url})


def gateway_bot(request: Request) -> Reply:
    sessions = request.parts.sessions
    limit: JsonObject = {
        "total": request.world.settings.session_starts,
        "remaining": sessions.starts_left,
        "reset_after": 86_400_000,
        "max_concurrency": 1,
    }
    body = {"url": sessions.resume_url, "shards": 1, "session_start_limit": limit}
    return Reply(200, body)


def _application_flags(granted: Intent) -> int:
    """The "limited" flags: https://discord.com/developers/docs/resources/application."""
    flags = {Intent.GUILD_PRESENCES: 1 << 13, Intent.GUILD_MEMBERS: 1 << 15}
    flags[Intent.MESSAGE_CONTENT] = 1 << 19
    return sum(flag for intent, flag in flags.items() if intent in granted)

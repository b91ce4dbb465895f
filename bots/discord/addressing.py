"""Whether a message is for the bot by itself, wherever it stands."""

from bots.discord.events import Said


def addressed(said: Said, bot: str, role: str) -> bool:
    """Whether a message names the bot, or the role that it alone has, or replies to it."""
    if role in said.mention_roles or any(user.id == bot for user in said.mentions):
        return True
    replied = said.referenced_message.author if said.referenced_message else None
    return replied is not None and replied.id == bot

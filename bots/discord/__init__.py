"""The Discord adapter: gateway and REST through discord.py, which is loaded when a bot is entered."""

from bots.discord.bot import DiscordBot

__all__ = ["DiscordBot"]

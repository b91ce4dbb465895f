"""What Discord's errors mean for whoever called; discord.py's exceptions end here."""

import asyncio
from datetime import timedelta

import aiohttp
import discord

from bots.discord.failures import BadToken, InteractionOver, NoIntent, ThreadArchived
from bots.outlet import Closed, Flooded, LoggedOut, MessageGone, OutletError, Unreachable

_UNKNOWN_MESSAGE = 10008
_ARCHIVED = 50083
_OVER = frozenset({10015, 10062, 40060, 50027})
"""Unknown webhook, unknown or acknowledged interaction, invalid webhook token."""
_USUAL_FLOOD = 5.0


FAILURES = (discord.DiscordException, OSError, aiohttp.ClientError, asyncio.TimeoutError, RuntimeError)
"""All that a REST call through discord.py may raise when it fails."""


def translate(error: Exception) -> OutletError:
    """Return what the failure of a call means. Its text names codes only, never contents or URLs."""
    match error:
        case discord.RateLimited():
            return Flooded(timedelta(seconds=error.retry_after))
        case discord.LoginFailure():
            return BadToken("401")
        case discord.PrivilegedIntentsRequired():
            return NoIntent("4014")
        case discord.HTTPException():
            return _of_answer(error)
        case _:
            return Unreachable(type(error).__name__)


def _of_answer(error: discord.HTTPException) -> OutletError:
    """Sort by https://discord.com/developers/docs/topics/opcodes-and-status-codes."""
    said = f"{error.status}/{error.code}"
    if error.code in _OVER:
        return InteractionOver(said)
    if error.code == _UNKNOWN_MESSAGE:
        return MessageGone(said)
    if error.code == _ARCHIVED:
        return ThreadArchived(said)
    if error.status == 429:
        return Flooded(timedelta(seconds=_retry_after(error)))
    if error.status == 401:
        return LoggedOut(said)
    if error.status >= 500:
        return Unreachable(said)
    return Closed(said)


def _retry_after(error: discord.HTTPException) -> float:
    try:
        return float(error.response.headers.get("Retry-After", ""))
    except ValueError:
        return _USUAL_FLOOD

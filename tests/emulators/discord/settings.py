"""Settings of the emulator: what Discord decides, and what it takes to relax it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntFlag
from typing import Self


class Intent(IntFlag):
    """https://discord.com/developers/docs/events/gateway#gateway-intents, as far as used."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


ALWAYS = Intent(0)
PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
KNOWN_INTENT_BITS = sum(1 << bit for bit in [*range(17), 20, 21, 24, 25])


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window that opens with the first of them."""

    requests: int
    per: timedelta


def _usual_rates() -> dict[str, Rate]:
    five = Rate(5, timedelta(seconds=5))
    return {
        "POST /channels/{channel_id}/messages": five,
        "PATCH /channels/{channel_id}/messages/{message_id}": five,
        "DELETE /channels/{channel_id}/messages/{message_id}": Rate(5, timedelta(seconds=1)),
        "POST /channels/{channel_id}/typing": five,
        "GET /channels/{channel_id}/messages": Rate(5, timedelta(seconds=1)),
        "POST /webhooks/{webhook_id}/{token}": Rate(5, timedelta(seconds=2)),
        "PATCH /webhooks/{webhook_id}/{token}/messages/{message_id}": Rate(5, timedelta(seconds=2)),
    }


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Buckets by "METHOD /template"; None switches a kind of limit off.

    Discord publishes no numbers; these are the ones that its headers show. Renaming a channel
    or thread has a limit of its own within the route's.
    """

    routes: Mapping[str, Rate] = field(default_factory=_usual_rates)
    elsewhere: Rate | None = Rate(10, timedelta(seconds=1))
    rename: Rate | None = Rate(2, timedelta(minutes=10))
    whole_bot: Rate | None = Rate(50, timedelta(seconds=1))

    @classmethod
    def off(cls) -> Self:
        return cls(routes={}, elsewhere=None, rename=None, whole_bot=None)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the far end allows and how patient it is."""

    privileged_intents: Intent = PRIVILEGED
    heartbeat_interval: timedelta = timedelta(milliseconds=41_250)
    resume_window: timedelta = timedelta(minutes=2)
    session_starts: int = 1000
    gateway_sends: Rate = Rate(120, timedelta(minutes=1))
    nonce_window: timedelta = timedelta(minutes=5)
    answer_deadline: timedelta = timedelta(seconds=3)
    token_lifetime: timedelta = timedelta(minutes=15)
    upload_limit_bytes: int = 10 * 1024 * 1024
    rate_limits: RateLimits = field(default_factory=RateLimits)

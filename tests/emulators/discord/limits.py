"""Rate-limit buckets, one window each, and a count of every request that came too early."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from tests.emulators.discord.changes import Clock
from tests.emulators.discord.settings import Rate, RateLimits

_MAJOR = ("channel_id", "guild_id", "webhook_id", "token")


@dataclass(frozen=True, slots=True)
class Violation:
    """A request that was answered with 429."""

    at: datetime
    route: str
    scope: str
    retry_after: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and the headers that say so."""

    headers: dict[str, str]
    retry_after: float | None = None
    whole_bot: bool = False


@dataclass(slots=True)
class _Window:
    opened: datetime
    used: int = 0


class Limiter:
    """Counts requests as https://discord.com/developers/docs/topics/rate-limits describes."""

    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self.limits = limits
        self.violations: list[Violation] = []
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def admit(self, route: str, params: dict[str, str], renames: bool = False) -> Verdict:
        """Count a request and say whether it may pass."""
        bare = not route.partition(" ")[2].startswith(("/interactions/", "/webhooks/"))
        if bare and (wait := self._take("whole-bot", self.limits.whole_bot)) is not None:
            return self._refuse(route, wait, {}, whole_bot=True)
        rate = self.limits.routes.get(route, self.limits.elsewhere)
        if rate is None:
            return Verdict({})
        major = "+".join(params[name] for name in _MAJOR if name in params)
        key = f"{route}:{major}"
        wait = self._take(key, rate)
        headers = self._describe(route, key, rate)
        if wait is not None:
            return self._refuse(route, wait, headers)
        if renames and (wait := self._take(f"rename:{major}", self.limits.rename)) is not None:
            return self._refuse(route, wait, headers)
        return Verdict(headers)

    def _take(self, key: str, rate: Rate | None) -> float | None:
        if rate is None:
            return None
        now = self._clock.now()
        window = self._windows.get(key)
        if window is None or now >= window.opened + rate.per:
            window = self._windows[key] = _Window(now)
        if window.used >= rate.requests:
            return (window.opened + rate.per - now).total_seconds()
        window.used += 1
        return None

    def _describe(self, route: str, key: str, rate: Rate) -> dict[str, str]:
        window = self._windows[key]
        reset = window.opened + rate.per
        after = max((reset - self._clock.now()).total_seconds(), 0.0)
        return {
            "X-RateLimit-Limit": str(rate.requests),
            "X-RateLimit-Remaining": str(rate.requests - window.used),
            "X-RateLimit-Reset": f"{reset.timestamp():.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:32],
        }

    def _refuse(
        self, route: str, wait: float, headers: dict[str, str], whole_bot: bool = False
    ) -> Verdict:
        scope = "global" if whole_bot else "user"
        self.violations.append(Violation(self._clock.now(), route, scope, wait))
        more = {"Retry-After": str(int(wait) + 1), "X-RateLimit-Scope": scope}
        if whole_bot:
            more["X-RateLimit-Global"] = "true"
        return Verdict(headers | more, round(wait, 3), whole_bot)

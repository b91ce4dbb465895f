"""Answers an interaction within its three seconds, whatever takes longer.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import structlog

from bots.discord.events import Anything, Interaction, Made
from bots.discord.failures import InteractionOver
from bots.discord.rendering import render_notice
from bots.discord.sending import Rest
from bots.outlet import MessageGone, OutletError, Unreachable
from bots.patience import waits
from bots.wording import Notice

_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _CHOICES = 4, 5, 6, 7, 8
_HIDDEN = 1 << 6
_AT_ONCE = 1.0
"""Seconds after which an outcome is not waited for: the person is told that it is under way."""
_TRY = 0.9
_TRIES = 2
_FILLING_TRIES = 5
_CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"
_FOLLOW_UP = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _FOLLOW_UP + "/messages/@original"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Manner:
    """How an outcome is shown: to the person alone, or in place of the message with the button."""

    hidden: bool = False
    update: bool = False


HIDDEN = Manner(hidden=True)


@dataclass(frozen=True, slots=True)
class Outspoken:
    """What an interaction came to."""

    notice: Notice
    manner: Manner = Manner()


class Response:
    """The answer to one interaction: every replica hears of it, the first to acknowledge answers."""

    def __init__(self, rest: Rest, used: Interaction) -> None:
        self._rest = rest
        self._callback = {"webhook_id": used.id, "webhook_token": used.token}
        self._webhook = {"webhook_id": used.application_id, "webhook_token": used.token}

    async def settle(
        self, work: Callable[[], Coroutine[None, None, Outspoken]], expected: Manner
    ) -> None:
        """Show what the work comes to; if that takes long, first that it is under way."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(work())
            quick, _ = await asyncio.wait({task}, timeout=_AT_ONCE)
            if not quick:
                first = await self.defer(expected)
        if quick:
            await self._respond(task.result())
        elif first:
            await self.fill(task.result(), expected)

    async def choose(self, names: tuple[str, ...]) -> None:
        """Offer choices."""
        choices = [{"name": name, "value": name} for name in names]
        await self._acknowledge({"type": _CHOICES, "data": {"choices": choices}})

    async def defer(self, expected: Manner) -> bool:
        """Say that it is under way; False where another replica did, or where it is too late."""
        data = {"flags": _HIDDEN if expected.hidden else 0}
        kind = _DEFERRED_UPDATE if expected.update else _DEFERRED
        return await self._acknowledge({"type": kind, "data": data})

    async def original(self) -> str:
        """Ask for the id of the first message of the answer. Raises OutletError."""
        return (await self._rest.call("GET", _ORIGINAL, Made, self._webhook)).id

    async def undress(self) -> None:
        """Take the buttons from the message with the pressed one; the rest of it stays."""
        await self._acknowledge({"type": _UPDATE, "data": {"components": []}})

    async def fill(self, outcome: Outspoken, promised: Manner) -> None:
        """Put the outcome where it was promised, or, if it is not for there, in a further message."""
        body = render_notice(outcome.notice)
        if outcome.manner == promised:
            await self._persist("PATCH", _ORIGINAL, body)
            return
        if not promised.update:
            await self._persist("DELETE", _ORIGINAL, None)
        body["flags"] = _HIDDEN if outcome.manner.hidden else 0
        try:
            await self._rest.call("POST", _FOLLOW_UP, Anything, self._webhook, body=body)
        except OutletError as error:
            _note(error)

    async def _respond(self, outcome: Outspoken) -> None:
        body = render_notice(outcome.notice)
        if outcome.manner.hidden and not outcome.manner.update:
            body["flags"] = _HIDDEN
        kind = _UPDATE if outcome.manner.update else _MESSAGE
        await self._acknowledge({"type": kind, "data": body})

    async def _acknowledge(self, body: dict[str, object]) -> bool:
        """Send the one callback; a second try finds out that the first one arrived."""
        for attempt in range(_TRIES):
            try:
                async with asyncio.timeout(_TRY):
                    await self._rest.call("POST", _CALLBACK, Anything, self._callback, body=body)
            except (Unreachable, TimeoutError):
                continue
            except OutletError as error:
                _note(error)
                return isinstance(error, InteractionOver) and attempt > 0
            else:
                return True
        log.warning("discord.interaction_lost")
        return True

    async def _persist(self, method: str, path: str, body: object) -> None:
        for attempt, pause in enumerate(waits(), 1):
            try:
                await self._rest.call(method, path, Anything, self._webhook, body=body)
            except MessageGone:
                return
            except Unreachable as error:
                if attempt == _FILLING_TRIES:
                    _note(error)
                    return
                await asyncio.sleep(pause)
            except OutletError as error:
                _note(error)
                return
            else:
                return


def _note(error: OutletError) -> None:
    level = log.debug if isinstance(error, InteractionOver) else log.warning
    level("discord.interaction_unanswered", error=type(error).__name__, code=str(error))

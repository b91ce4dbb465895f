"""``/retry``, ``/plan`` and their like: an Inbound whose question is a message of the bot's."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bots.discord.events import Interaction, sent_at
from bots.discord.responding import HIDDEN, Manner, Outspoken, Response
from bots.outlet import OutletError
from bots.patience import until_stored
from bots.wording import Notice, say_error, say_failure
from sessions.commands import Caller
from sessions.engine import Engine
from sessions.errors import UserError
from sessions.incidents import report
from sessions.model import Ask, Inbound, Task

_FOR_ALL = Manner()


def inbound_of(
    caller: Caller, used: Interaction, question: str, ask: Ask, text: str = "", task: Task | None = None
) -> Inbound:
    """Return what an interaction asks for, to be answered below the message ``question``."""
    return Inbound(
        event=caller.event,
        place=caller.place,
        author=caller.person,
        text=text,
        number=int(used.id),
        message=question,
        sent_at=sent_at(used.id),
        ask=ask,
        task=task,
    )


async def ask_for(
    engine: Engine,
    prepare: Callable[[], Awaitable[tuple[Inbound, Notice]]],
    response: Response,
) -> None:
    """Have it answered under a message of the bot's: the answer can be found by it.

    That message says "thinking" until the Inbound is durable, then the notice.
    """
    if not await response.defer(_FOR_ALL):
        return
    try:
        prepared, under_way = await until_stored(prepare)
        inbound = replace(prepared, message=await _original(response))
        await until_stored(lambda: engine.accept(inbound))
    except UserError as error:
        outcome = Outspoken(say_error(error), HIDDEN)
    except Exception:  # noqa: BLE001 - logged with the id that the person is told
        outcome = Outspoken(say_failure(report("discord.request_failed")), HIDDEN)
    else:
        outcome = Outspoken(under_way, _FOR_ALL)
    await response.fill(outcome, _FOR_ALL)


async def _original(response: Response) -> str:
    try:
        return await response.original()
    except OutletError:
        return ""

"""``/retry``: an Inbound whose question is the message that says so."""

from bots.discord.events import Interaction, sent_at
from bots.discord.responding import HIDDEN, Manner, Outspoken, Response
from bots.outlet import OutletError
from bots.patience import until_stored
from bots.wording import Notice, say_error, say_failure
from sessions.commands import Caller, SessionCommands
from sessions.engine import Engine
from sessions.errors import UserError
from sessions.incidents import report
from sessions.model import Ask, Inbound

_UNDER_WAY = Notice("🔁 Running the last message again.")
_FOR_ALL = Manner()


async def retry(
    engine: Engine,
    commands: SessionCommands,
    caller: Caller,
    used: Interaction,
    response: Response,
) -> None:
    """Run the last turn again, under a message of the bot's: the answer can be found by it.

    That message says "thinking" until the Inbound is durable.
    """
    if not await response.defer(_FOR_ALL):
        return
    try:
        await until_stored(lambda: commands.check_retry(caller))
        inbound = Inbound(
            event=caller.event,
            place=caller.place,
            author=caller.person,
            text="",
            number=int(used.id),
            message=await _original(response),
            sent_at=sent_at(used.id),
            ask=Ask.RETRY,
        )
        await until_stored(lambda: engine.accept(inbound))
    except UserError as error:
        outcome = Outspoken(say_error(error), HIDDEN)
    except Exception:  # noqa: BLE001 - logged with the id that the person is told
        outcome = Outspoken(say_failure(report("discord.retry_failed")), HIDDEN)
    else:
        outcome = Outspoken(_UNDER_WAY, _FOR_ALL)
    await response.fill(outcome, _FOR_ALL)


async def _original(response: Response) -> str:
    try:
        return await response.original()
    except OutletError:
        return ""

"""What is said beside the receiving loop and may be lost: refusals, hints, failures."""

import asyncio
import time
from datetime import timedelta
from functools import partial

import structlog

from bots.beginning import Work, begin
from bots.outlet import OutletError
from bots.telegram.speaker import Speaker
from bots.telegram.updates import Origin
from bots.wording import Notice
from sessions.incidents import report
from sessions.recent import Recent

NOTICE_TIME = timedelta(seconds=45)

log = structlog.get_logger(__name__)


class Notices:
    """Says things in tasks of the group; none of them can end it."""

    def __init__(self, speaker: Speaker, tasks: asyncio.TaskGroup) -> None:
        self._speaker = speaker
        self._tasks = tasks
        self._said_at: Recent[tuple[str, ...], float] = Recent()

    def say(self, origin: Origin, notice: Notice) -> None:
        """Answer a message when the chat's pace allows."""
        self.beside(lambda: self._speaker.say(origin, notice))

    def say_seldom(self, key: tuple[str, ...], origin: Origin, markdown: str, pause: float) -> None:
        """Say it unless the key was used within ``pause`` seconds, so that nobody makes the bot flood."""
        now = time.monotonic()
        if now - self._said_at.get(key, -pause) >= pause:
            self._said_at.put(key, now)
            self.say(origin, Notice(markdown))

    def beside(self, work: Work) -> None:
        """Do it beside the loop, within NOTICE_TIME."""
        begin(self._tasks, partial(_survive, work))


async def _survive(work: Work) -> None:
    try:
        async with asyncio.timeout(NOTICE_TIME.total_seconds()):
            await work()
    except (TimeoutError, OutletError) as error:
        log.info("telegram.notice_dropped", error=type(error).__name__)
    except Exception:  # noqa: BLE001 - the edge of a lane
        report("telegram.notice_failed")

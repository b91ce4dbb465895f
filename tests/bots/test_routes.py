from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from bots.routes import Routes
from sessions.model import Answer, Ending, Platform, ThreadRef, Turn, Used
from sessions.ports.replies import Grant, Reply
from tests.bots.far_end import MemoryGrant, World, turn


class Kept:
    """The answers of one platform."""

    def __init__(self, platform: Platform) -> None:
        self.platforms = frozenset({platform})
        self.answers: list[Answer] = []

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Reply]:
        yield self

    def draw_on(self, used: Used) -> None:
        pass

    def show(self, text: str) -> None:
        """Nobody looks."""

    async def finish(self, answer: Answer) -> None:
        self.answers.append(answer)


async def test_a_reply_goes_to_the_platform_that_its_message_came_from() -> None:
    telegram, discord = Kept(Platform.TELEGRAM), Kept(Platform.DISCORD)
    routes = Routes({Platform.TELEGRAM: telegram, Platform.DISCORD: discord})
    assert routes.platforms == {Platform.TELEGRAM, Platform.DISCORD}
    asked = turn()
    place = replace(asked.inbound.place, thread=ThreadRef(Platform.DISCORD, "7"))
    elsewhere = replace(asked, inbound=replace(asked.inbound, place=place))
    async with routes.open(elsewhere, MemoryGrant(World())) as reply:
        await reply.finish(Answer(Ending.ANSWERED, "there"))
    assert [answer.text for answer in discord.answers] == ["there"]
    assert telegram.answers == []

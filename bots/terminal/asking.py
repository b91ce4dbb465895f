"""A question of a Python program: awaited for the whole answer, or iterated over while it comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol

from bots.terminal.home import Home
from bots.terminal.presenters import Presenter, SilentPresenter
from bots.terminal.programs import Pieces, Programmed, whole
from sessions.errors import UsageError
from sessions.model import Answer

_STOPPING = 5.0
"""Seconds that an interrupted program waits until its answer is stopped."""


class Put(Protocol):
    """Puts the question and returns its answer."""

    async def __call__(self, presenter: Presenter) -> Answer:
        """Present the answer meanwhile; cancelled, stop it."""
        ...


class Asking:
    """A question that is put once it is awaited or iterated over, and once only.

    ``await asking`` is the whole answer as Markdown; ``async for piece in asking`` has its text as it
    comes. Leaving the iteration early, and cancelling, stop the answer; what there was stays in the
    session. Both raise Unanswered where there is no whole answer, and UserError and StoreError where the
    question was not taken at all.
    """

    def __init__(self, put: Put) -> None:
        self._put = put
        self._is_put = False
        self.answer: Answer | None = None
        """Once it is there: with its ``note`` and what was ``used`` for it."""

    def __await__(self) -> Generator[Any, None, str]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncGenerator[str, None]:
        return self._pieces()

    async def _whole(self) -> str:
        self.answer = await self._once(SilentPresenter())
        return whole(self.answer)

    async def _pieces(self) -> AsyncGenerator[str, None]:
        loop, pieces = asyncio.get_running_loop(), asyncio.Queue[str | None]()

        def hand_on(piece: str) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody reads any more
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        # A TaskGroup cannot stay open while a generator rests.
        task = asyncio.ensure_future(self._once(Pieces(hand_on)))
        task.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            self.answer = await task
            whole(self.answer)
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _once(self, presenter: Presenter) -> Answer:
        if self._is_put:
            raise UsageError("This question was put before. Ask anew: agent.ask(…)")
        self._is_put = True
        return await self._put(presenter)


def ask_and_wait(home: Home[Programmed], text: str, show: Callable[[str], object] | None) -> str:
    """Put a question and block until its answer is there; ``show`` gets its text as it comes.

    What ends the waiting early, Ctrl-C for example, stops the answer. Raises as :class:`Asking` does.
    """
    pieces: SimpleQueue[str | None] = SimpleQueue()
    presenter = Pieces(pieces.put) if show else SilentPresenter()
    future = home.call(lambda programmed: programmed.say(text, presenter))
    future.add_done_callback(lambda _: pieces.put(None))
    try:
        while (piece := pieces.get()) is not None:
            if show is not None:
                show(piece)
    except BaseException:
        _stop(home, future)
        raise
    return whole(future.result())


def _stop(home: Home[Programmed], future: Future[Answer]) -> None:
    future.cancel()
    with suppress(Exception):  # what ended the waiting is told
        home.call(lambda programmed: programmed.settle()).result(_STOPPING)

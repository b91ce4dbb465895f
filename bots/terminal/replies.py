"""The replies of the terminal: an answer is presented where its message was typed, by this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Condition, Thread

from bots.terminal.presenters import Presenter
from bots.wording import closing
from sessions.model import Answer, EventId, Platform, Turn, Used
from sessions.ports.replies import Grant, Reply


class TerminalReplies:
    """Presents the answers that somebody here waits for; those of other terminals stay unseen.

    ``present`` makes what presents an answer, and ``present_task`` what presents the progress of a task.
    """

    def __init__(
        self, present: Callable[[], Presenter], present_task: Callable[[], Presenter] | None = None
    ) -> None:
        self._present = present
        self._present_task = present_task or present
        self._awaited: dict[EventId, _Presented] = {}

    @property
    def platforms(self) -> frozenset[Platform]:
        """The terminal alone."""
        return frozenset({Platform.TERMINAL})

    def expect(self, event: EventId, *, task: bool = False) -> asyncio.Future[Answer]:
        """Announce a message before it is accepted; the future brings its answer, once presented."""
        presenter = self._present_task() if task else self._present()
        reply = self._awaited[event] = _Presented(_Pen(presenter))
        return reply.answered

    def begin(self, event: EventId) -> None:
        """Let the answer be presented; what came of it before was held back."""
        self._awaited[event].begin()

    def forget(self, event: EventId) -> None:
        """Wait no more for that answer."""
        reply = self._awaited.pop(event, None)
        if reply is not None:
            reply.leave()

    @asynccontextmanager
    async def open(self, turn: Turn, grant: Grant) -> AsyncIterator[Reply]:
        """Open the reply of a turn; it leaves no record, because nobody else could take it up.

        Opened again, after a lost lease, it goes on below what it presented before.
        """
        yield self._awaited.get(turn.id) or _Unseen()


class _Unseen:
    """A reply to somebody who is not there any more."""

    def draw_on(self, used: Used) -> None:
        pass

    def show(self, text: str) -> None:
        pass

    async def finish(self, answer: Answer) -> None:
        pass


class _Presented:
    """A reply that somebody waits for."""

    def __init__(self, pen: "_Pen") -> None:
        self._pen = pen
        self._begun = asyncio.Event()
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        """Present what came so far, and go on."""
        self._begun.set()
        self._pen.begin()

    def draw_on(self, used: Used) -> None:
        self._pen.draw_on(used)

    def show(self, text: str) -> None:
        self._pen.write(text)

    async def finish(self, answer: Answer) -> None:
        await self._begun.wait()
        try:
            await asyncio.to_thread(self._pen.end, *closing(answer))
        except OSError as error:
            # Nobody reads any more, or the disk is full: the answer is given all the same.
            if not self.answered.done():
                self.answered.set_exception(error)
                self.answered.exception()  # whether somebody waits for it or not
        if not self.answered.done():
            self.answered.set_result(answer)

    def leave(self) -> None:
        """Present nothing more."""
        self._begun.set()
        self._pen.leave()


class _Pen:
    """Presents the latest text from a thread of its own: a terminal that stands still blocks no lane.

    What is written before :meth:`begin` waits for it.
    """

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._changed = Condition()
        self._used: Used | None = None
        self._latest: str | None = None
        self._down = False
        self._left = False
        self._broken: OSError | None = None
        self._thread: Thread | None = None

    def begin(self) -> None:
        """Present from here on."""
        self._thread = Thread(target=self._present, name="terminal-pen", daemon=True)
        self._thread.start()

    def draw_on(self, used: Used) -> None:
        """Present what the answer draws on."""
        with self._changed:
            self._used = used
            self._changed.notify()

    def write(self, text: str) -> None:
        """Present the text when there is nothing newer."""
        with self._changed:
            self._latest = text
            self._changed.notify()

    def end(self, text: str, note: str) -> None:
        """Wait until everything is presented. Blocks. Raises OSError when something could not be."""
        with self._changed:
            left, self._down = self._left, True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if self._broken is not None:
            raise self._broken
        if not left:
            self._head()
            self._presenter.end(text, note)

    def leave(self) -> None:
        """Break off where it is."""
        with self._changed:
            self._left = not self._down
            self._down = True
            self._changed.notify()

    def _present(self) -> None:
        try:
            self._presenter.begin()
            self._present_latest()
            if self._left:
                self._presenter.end("", "")
        except OSError as error:
            self._broken = error

    def _present_latest(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._down or self._latest is not None or self._used)
                if self._down:
                    return
                text, self._latest = self._latest, None
            self._head()
            if text is not None:
                self._presenter.show(text)

    def _head(self) -> None:
        used, self._used = self._used, None
        if used is not None:
            self._presenter.draw_on(used)

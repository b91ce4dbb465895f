"""One thread that does a store's blocking work, in batches of what came together."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sessions.errors import StoreUnavailable

BATCH = 256
"""At most so many jobs share one lock and one sync."""

QUIET = 0.2
"""Seconds without a job after which chores are done."""

OVERDUE = 2.0
"""Seconds after which chores are done between jobs."""


@dataclass(slots=True, eq=False)
class Job:
    """Something to do in the thread. It may end with an error."""

    error: BaseException | None = None
    future: "asyncio.Future[None] | None" = field(default=None)


class Worker:
    """Runs jobs in order of arrival.

    ``perform`` gets a batch and leaves errors in its jobs. ``chores`` are done when no job waits; they
    get whether it is the last time and return whether there are more. ``end`` comes last.
    """

    def __init__(
        self,
        perform: Callable[[Sequence[Job]], None],
        chores: Callable[[bool], bool],
        end: Callable[[], None],
    ) -> None:
        self._perform = perform
        self._chores = chores
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closing = False
        self._ended = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="parley-file-store", daemon=True)
        self._thread.start()

    async def do(self, job: Job) -> None:
        """Have the job done; raises its error. It is done also when the waiting is cancelled."""
        if self._closing:
            raise StoreUnavailable("the store is closed")
        job.future = self._loop.create_future()
        self._jobs.put(job)
        await job.future
        if job.error is not None:
            raise job.error

    async def close(self) -> None:
        """Finish the jobs that came before, and end the thread."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _run(self) -> None:
        more, chores_at = False, time.monotonic()
        while True:
            batch, closing = self._next(QUIET if more else None)
            if batch:
                self._perform(batch)
                self._tell(batch)
            if not batch or time.monotonic() - chores_at > OVERDUE:
                more, chores_at = self._chores(False), time.monotonic()
            else:
                more = True
            if closing:
                break
        while self._chores(True):
            pass
        self._end()
        self._call(self._note_end)

    def _note_end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _next(self, patience: float | None) -> tuple[list[Job], bool]:
        batch: list[Job] = []
        try:
            job = self._jobs.get(timeout=patience)
            while job is not None:
                batch.append(job)
                if len(batch) == BATCH:
                    return batch, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _tell(self, batch: list[Job]) -> None:
        def resolve() -> None:
            for job in batch:
                if job.future is not None and not job.future.done():
                    job.future.set_result(None)

        self._call(resolve)

    def _call(self, back: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(back)
        except RuntimeError:
            self._closing = True  # the loop has ended: nobody waits for the result

"""A connection whose calls count only when replicas of the server have what they wrote."""

from datetime import timedelta

from storage.redis.dialing import Wire
from storage.redis.failures import Lost, Refusal
from storage.redis.link import Link, Reply, Waiter, packed


class DurableLink(Link):
    """A link on which each batch is followed by WAIT, and answered when enough replicas have it.

    WAIT blocks what stands behind it on its connection, so a batch leaves when the WAIT before it is
    answered: what came meanwhile shares the next one. WAIT counts from the offset that the server had at
    this connection's last command, also if that wrote nothing: a repeat of a call waits again.
    https://redis.io/docs/latest/commands/wait/

    After a WAIT in vain nothing is sent until replicas have what was written: else each try of a lease
    would take it for nobody, and count as a take-over of its turn.
    """

    def __init__(self, wire: Wire, timeout: timedelta, replicas: int, wait: timedelta) -> None:
        """``wait`` is how long a batch waits for that many ``replicas``."""
        super().__init__(wire, timeout)
        self._replicas = replicas
        milliseconds = wait // timedelta(milliseconds=1)
        self._wait_words = packed(b"WAIT", replicas, milliseconds)
        self._wait: Waiter | None = None
        self._unconfirmed: list[tuple[Waiter, Reply]] = []
        self._in_vain = False

    def _begin_batch(self) -> None:
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if not self._queued or self._why or self._wait is not None:
            return
        self._wait = self._loop.create_future()
        batch = []
        if not self._in_vain:
            batch, self._queued = self._queued, []
        self._write([*batch, (self._wait_words, self._wait)])

    def _answer(self, future: Waiter | None, reply: Reply | Refusal) -> None:
        if future is not None and future is self._wait:
            self._wait = None
            self._confirm(reply)
            self._flush()
        elif isinstance(reply, Refusal) or future is None:
            super()._answer(future, reply)
        else:
            self._unconfirmed.append((future, reply))

    def _confirm(self, count: Reply | Refusal) -> None:
        unconfirmed, self._unconfirmed = self._unconfirmed, []
        enough = isinstance(count, int) and count >= self._replicas
        if self._in_vain and not enough:
            self._put_off(count)
        self._in_vain = not enough
        for future, reply in unconfirmed:
            if enough:
                super()._answer(future, reply)
            elif isinstance(count, Refusal) and count.code == "NOPERM":
                super()._answer(future, count)
            elif not future.done():
                future.set_result(Lost(self._too_few(count), sent=True))

    def _put_off(self, count: Reply | Refusal) -> None:
        queued, self._queued = self._queued, []
        refused = isinstance(count, Refusal) and count.code == "NOPERM"
        for _, future in queued:
            if future is not None and not future.done():
                future.set_result(count if refused else Lost(self._too_few(count), sent=False))

    def _too_few(self, count: Reply | Refusal) -> str:
        if isinstance(count, Refusal):  # as when it stopped to be the master
            return f"refused to wait for replicas ({count.code})"
        return f"has {count!r} of {self._replicas} replicas that took it"

    def _lose(self) -> None:
        super()._lose()
        for future, _ in self._unconfirmed:
            self._answer_lost(future, sent=True)
        self._unconfirmed.clear()

"""Where the lines of a terminal chat come from, when nobody edits them: a pipe or a file."""

import asyncio
import os
from codecs import getincrementaldecoder
from queue import SimpleQueue
from threading import Thread
from typing import Protocol, TextIO

_CHUNK = 65_536


class Lines(Protocol):
    """What a person types, line by line."""

    async def read(self) -> str | None:
        """Return the next message without its line end; None at the end of the input."""
        ...

    async def confirm(self, question: str) -> bool | None:
        """Ask for yes or no; anything but yes is no, and None is the end of the input."""
        ...


def is_yes(answer: str) -> bool:
    """Whether an answer to ``(y/N)`` means yes."""
    return answer.strip().casefold() in ("y", "yes")


class PipedLines:
    """Reads a file descriptor only as far as it is asked to, beside the event loop.

    Its thread waits in the operating system and takes no lock, so the program can end at any time.
    Bytes that are no UTF-8 are replaced.
    """

    def __init__(self, descriptor: int, stream: TextIO) -> None:
        self._descriptor = descriptor
        self._stream = stream
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._ended = False
        self._wanted: SimpleQueue[asyncio.Future[bytes]] = SimpleQueue()
        self._thread: Thread | None = None

    async def read(self) -> str | None:
        """Return the next line; the last one needs no line end."""
        while "\n" not in self._text and not self._ended:
            data = await self._more()
            self._ended = not data
            self._text += self._decoder.decode(data, final=self._ended)
        if not self._text:
            return None
        line, _, self._text = self._text.partition("\n")
        return line.removesuffix("\r")

    async def confirm(self, question: str) -> bool | None:
        """Ask, and take the next line for the answer."""
        self._stream.write(question)
        self._stream.flush()
        line = await self.read()
        self._stream.write("\n")
        return None if line is None else is_yes(line)

    async def _more(self) -> bytes:
        if self._thread is None:
            self._thread = Thread(target=self._serve, name="terminal-input", daemon=True)
            self._thread.start()
        came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._wanted.put(came)
        return await came

    def _serve(self) -> None:
        while True:
            came = self._wanted.get()
            try:
                data = os.read(self._descriptor, _CHUNK)
            except OSError:
                data = b""
            try:
                came.get_loop().call_soon_threadsafe(_bring, came, data)
            except RuntimeError:
                return  # the event loop is closed: nobody waits


def _bring(came: asyncio.Future[bytes], data: bytes) -> None:
    if not came.done():
        came.set_result(data)

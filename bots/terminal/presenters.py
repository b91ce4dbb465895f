"""Ways of putting a growing answer on a terminal or into a pipe."""

from threading import Lock
from typing import Protocol

from bots.terminal.plain import printable

AGAIN = "↻ The answer broke off and begins again:"


class Paper(Protocol):
    """What text is written on: a stream, or a part of a screen."""

    def write(self, text: str, /) -> object:
        """Write the text at the end of what was written before."""
        ...

    def flush(self) -> object:
        """Let everything that was written be seen."""
        ...


class Presenter(Protocol):
    """Presents one answer. Its methods may block; they are called by one thread at a time."""

    def show(self, text: str) -> None:
        """Present the answer so far, which may differ from what was presented before."""
        ...

    def end(self, text: str, note: str) -> None:
        """Present the whole answer and a note to the person; either may be empty."""
        ...


class PlainPresenter:
    """Writes what is new of the answer as it comes, and the note to ``notes``."""

    def __init__(self, stream: Paper, notes: Paper) -> None:
        self._stream = stream
        self._notes = notes
        self._written = ""

    def show(self, text: str) -> None:
        """Write the rest of the text, or all of it below a line where it begins anew.

        A new beginning that repeats the old one is waited for until it goes beyond it or differs.
        """
        text = printable(text)
        if not self._written.startswith(text):
            self._go_on(text)

    def end(self, text: str, note: str) -> None:
        """Write the rest and the note, each ending its line."""
        text = printable(text)
        if text and text != self._written:
            self._go_on(text)
        if self._written and not self._written.endswith("\n"):
            self._stream.write("\n")
        self._stream.flush()
        if note:
            self._notes.write(printable(note) + "\n")
            self._notes.flush()
        self._written = ""

    def _go_on(self, text: str) -> None:
        if not text.startswith(self._written):
            self._stream.write(f"\n{AGAIN}\n")
            self._written = ""
        self._stream.write(text[len(self._written) :])
        self._stream.flush()
        self._written = text


class SilentPresenter:
    """Presents nothing: the answer is printed by other means."""

    def show(self, text: str) -> None:
        """Do nothing."""

    def end(self, text: str, note: str) -> None:
        """Do nothing."""


class InTurn:
    """Presents an answer when no other one with the same lock is being presented."""

    def __init__(self, presenter: Presenter, floor: Lock) -> None:
        self._presenter = presenter
        self._floor = floor
        self._has_floor = False

    def show(self, text: str) -> None:
        """Present the text if nobody else presents; the whole comes at the end in any case."""
        self._has_floor = self._has_floor or self._floor.acquire(blocking=False)
        if self._has_floor:
            self._presenter.show(text)

    def end(self, text: str, note: str) -> None:
        """Wait for the others' end, present the whole answer, and let the next one begin."""
        if not self._has_floor:
            self._floor.acquire()
        try:
            self._presenter.end(text, note)
        finally:
            self._has_floor = False
            self._floor.release()

"""Ways of putting a growing answer on a terminal or into a pipe."""

from typing import Protocol, TextIO

from bots.terminal.plain import printable

AGAIN = "↻ The answer broke off and begins again:"


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

    def __init__(self, stream: TextIO, notes: TextIO) -> None:
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

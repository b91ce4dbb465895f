"""Ways of putting a growing answer on a terminal or into a pipe."""

from threading import Lock
from typing import Protocol

from bots.terminal.plain import one_line, printable
from sessions.model import Used

AGAIN = "↻ The answer broke off and begins again:"
_NAMES = 5
"""So many sessions are named above an answer."""


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

    def begin(self) -> None:
        """Present that an answer is waited for; called once at most, before all others."""
        ...

    def draw_on(self, used: Used) -> None:
        """Present what the answer draws on; called once at most, before any text of it."""
        ...

    def show(self, text: str) -> None:
        """Present the answer so far, which may differ from what was presented before."""
        ...

    def end(self, text: str, note: str) -> None:
        """Present the whole answer and a note to the person; either may be empty."""
        ...


def draws_on(used: Used) -> str:
    """Return the lines that say what an answer draws on; empty for nothing."""
    lines = []
    if used.sessions:
        names = ", ".join(map(one_line, used.sessions[:_NAMES]))
        more = ", …" if len(used.sessions) > _NAMES else ""
        lines.append(f"🕘 History: {_counted(len(used.sessions), 'session')} ({names}{more})")
    if used.facts:
        lines.append(f"🧠 Memory: {_counted(used.facts, 'fact')}")
    if used.sources:
        lines.append(f"📚 Knowledge: {_counted(len(used.sources), 'source')}")
    return "\n".join(lines)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class PlainPresenter:
    """Writes what is new of the answer as it comes, and the note to ``notes``.

    ``below`` says that something stands above the answer, with an empty line to come between them.
    Without ``streams`` the answer is written once it is whole.
    """

    def __init__(self, stream: Paper, notes: Paper, *, below: bool = False, streams: bool = True) -> None:
        self._stream = stream
        self._notes = notes
        self._below = below
        self._streams = streams
        self._written = ""

    def begin(self) -> None:
        """Do nothing: what is written stays."""

    def draw_on(self, used: Used) -> None:
        """Write a line for each kind."""
        said = draws_on(used)
        if said:
            self._stream.write(f"{said}\n")
            self._stream.flush()
            self._below = True

    def show(self, text: str) -> None:
        """Write the rest of the text, or all of it below a line where it begins anew.

        A new beginning that repeats the old one is waited for until it goes beyond it or differs.
        """
        text = printable(text)
        if self._streams and not self._written.startswith(text):
            self._go_on(text)

    def end(self, text: str, note: str) -> None:
        """Write the rest and the note, each ending its line."""
        text = printable(text)
        if text and text != self._written:
            self._go_on(text)
        if note:
            self._keep_distance()
        if self._written and not self._written.endswith("\n"):
            self._stream.write("\n")
        self._stream.flush()
        if note:
            self._notes.write(printable(note) + "\n")
            self._notes.flush()
        self._written = ""

    def _keep_distance(self) -> None:
        if self._below:
            self._stream.write("\n")
            self._below = False

    def _go_on(self, text: str) -> None:
        self._keep_distance()
        if not text.startswith(self._written):
            self._stream.write(f"\n{AGAIN}\n")
            self._written = ""
        self._stream.write(text[len(self._written) :])
        self._stream.flush()
        self._written = text


class StepsPresenter(PlainPresenter):
    """Writes what changes of an answer that is done in steps to ``notes``, and all of it in the end."""

    def __init__(self, stream: Paper, notes: Paper, *, below: bool = True) -> None:
        super().__init__(stream, notes, below=below, streams=False)
        self._steps: frozenset[str] | None = None

    def show(self, text: str) -> None:
        """Write the lines that were not there before; the first time that is none."""
        lines = printable(text).splitlines()
        if self._steps is not None:
            for line in lines:
                if line not in self._steps:
                    self._notes.write(f"{line}\n")
                    self._below = True
            self._notes.flush()
        self._steps = frozenset(lines)


class SilentPresenter:
    """Presents nothing: the answer is printed by other means."""

    def begin(self) -> None:
        """Do nothing."""

    def draw_on(self, used: Used) -> None:
        """Do nothing."""

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
        self._used: Used | None = None

    def begin(self) -> None:
        """Do nothing: others may be presenting."""

    def draw_on(self, used: Used) -> None:
        """Present it when the answer's turn to be presented comes."""
        self._used = used

    def show(self, text: str) -> None:
        """Present the text if nobody else presents; the whole comes at the end in any case."""
        self._has_floor = self._has_floor or self._floor.acquire(blocking=False)
        if self._has_floor:
            self._head()
            self._presenter.show(text)

    def end(self, text: str, note: str) -> None:
        """Wait for the others' end, present the whole answer, and let the next one begin."""
        if not self._has_floor:
            self._floor.acquire()
        try:
            self._head()
            self._presenter.end(text, note)
        finally:
            self._has_floor = False
            self._floor.release()

    def _head(self) -> None:
        if self._used is not None:
            self._presenter.draw_on(self._used)
            self._used = None

"""An answer in a panel, for a terminal; the one place that imports rich."""

from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from bots.terminal.plain import printable
from bots.terminal.presenters import Paper

_FRAME = 4
"""Lines of the screen that the panel's frame and the cursor take."""


class PanelPresenter:
    """Shows the growing answer's last lines in a panel, and in the end all of it."""

    def __init__(self, stream: TextIO, notes: Paper) -> None:
        self._notes = notes
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live: Live | None = None

    def show(self, text: str) -> None:
        """Bring the panel to the text."""
        if self._live is None:
            self._live = Live(console=self._console, transient=True, refresh_per_second=12)
            self._live.start()
        lines = Text(printable(text)).wrap(self._console, self._console.width - _FRAME)
        self._live.update(_panel(Text("\n").join(lines[-max(1, self._console.height - _FRAME) :])))

    def end(self, text: str, note: str) -> None:
        """Replace the panel by one with the whole answer."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if text:
            self._console.print(_panel(Text(printable(text))))
        if note:
            self._notes.write(printable(note) + "\n")
            self._notes.flush()


def _panel(text: Text) -> Panel:
    return Panel(text, title="Response")

"""An answer in a panel, for a terminal; imports rich when the first thing is shown."""

from typing import TYPE_CHECKING, TextIO

from bots.terminal.plain import printable
from bots.terminal.presenters import Paper, draws_on
from sessions.model import Used

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

_FRAME = 5
"""Lines of the screen that the empty line above, the panel's frame and the cursor take."""
_WAITING = "Waiting for the answer; Ctrl-C stops it."
_REFRESHES = 12
"""A second."""


class PanelPresenter:
    """Shows the growing answer's last lines in a panel, and in the end all of it, its Markdown styled.

    Until there is something of it, a spinner turns; without ``streams`` until it is whole.
    """

    def __init__(
        self, stream: TextIO, notes: Paper, *, title: str = "Response", streams: bool = True
    ) -> None:
        self._stream = stream
        self._notes = notes
        self._title = title
        self._streams = streams
        self._opened: Console | None = None
        self._live: Live | None = None

    def begin(self) -> None:
        """Let the spinner turn."""
        if self._console.is_terminal:
            from rich.spinner import Spinner

            self._update(Spinner("dots", _WAITING, style="dim"))

    def draw_on(self, used: Used) -> None:
        """Write a line for each kind."""
        from rich.text import Text

        self._console.print(Text(draws_on(used)))

    def show(self, text: str) -> None:
        """Bring the panel to the text."""
        if self._streams:
            self._update(self._panel(self._tail(text)))

    def end(self, text: str, note: str) -> None:
        """Replace the panel by one with the whole answer."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if text:
            self._print(text)
        if note:
            self._notes.write(("" if text else "\n") + printable(note) + "\n")
            self._notes.flush()

    @property
    def _console(self) -> "Console":
        if self._opened is None:
            from rich.console import Console

            self._opened = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        return self._opened

    def _update(self, shown: "RenderableType") -> None:
        from rich.console import Group
        from rich.live import Live
        from rich.text import Text

        whole = Group(Text(), shown)
        if self._live is None:
            self._live = Live(whole, console=self._console, transient=True, refresh_per_second=_REFRESHES)
            self._live.start()
        self._live.update(whole)

    def _panel(self, shown: "RenderableType") -> "RenderableType":
        from rich.panel import Panel

        return Panel(shown, title=self._title)

    def _tail(self, text: str) -> "RenderableType":
        """The last lines that find room on the screen."""
        from rich.text import Text

        room = max(1, self._console.height - _FRAME)
        newest = "\n".join(printable(text).split("\n")[-room:])
        lines = Text(newest).wrap(self._console, max(1, self._console.width - 4))
        return Text("\n").join(lines[-room:])

    def _print(self, text: str) -> None:
        from rich.segment import Segments
        from rich.text import Text

        from bots.terminal.markdown import THEME, rendered

        console = self._console
        with console.use_theme(THEME):
            try:
                drawn = console.render(self._panel(rendered(text)))
                segments = Segments(list(drawn))
            except Exception:  # noqa: BLE001 - others' code on a model's text: the text itself can be shown
                segments = Segments(list(console.render(self._panel(Text(printable(text))))))
            console.print()
            console.print(segments, end="")

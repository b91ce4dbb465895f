"""A bar that says how far something has come, on a terminal."""

from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bots.terminal.plain import shorten

_NAME = 40


class Bar:
    """Open while something is on its way; then nothing of it stays."""

    def __init__(self, stream: TextIO, what: str) -> None:
        self._progress = Progress(
            TextColumn(what, markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(file=stream, highlight=False, markup=False, emoji=False),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, name: str, done: int, total: int) -> None:
        """Say what is done."""
        self._progress.update(self._task, description=shorten(name, _NAME), completed=done, total=total)

"""A run on a terminal or in a pipe: a line for each step that ended, and the ones under way."""

import shutil
from typing import TextIO

from bots.terminal.plain import one_line, shorten
from sessions.workflows.progress import Progress, StepProgress, StepState

_ENDED = (StepState.DONE, StepState.SKIPPED, StepState.FAILED, StepState.REFUSED)


class RunLines:
    """Writes what is new of a run's progress; with ``live`` also a line that is written over.

    ``resumed``: what has ended when the run begins here was done before.
    """

    def __init__(self, stream: TextIO, *, live: bool, resumed: bool) -> None:
        self._stream = stream
        self._live = live
        self._resumed = resumed
        self._told: set[str] = set()
        self._under_way = False
        self.run = ""
        """The name of the run, once it began."""

    def __call__(self, progress: Progress) -> None:
        """Take the progress; the first one is headed with the run's name."""
        first, self.run = not self.run, progress.run
        self.clear()
        if first:
            self._stream.write(f"{self._head(progress)}\n\n")
        for one in progress.steps:
            if one.state in _ENDED and one.step not in self._told:
                self._told.add(one.step)
                self._stream.write(_line(one) + (" (done before)\n" if first and self._resumed else "\n"))
        running = [one.step for one in progress.steps if one.state is StepState.RUNNING]
        if self._live and running:
            self._under_way = True
            self._stream.write(f"{StepState.RUNNING} {shorten(', '.join(running), self._columns())} …")
        self._stream.flush()

    def _columns(self) -> int:
        """A line that is written over must not be broken: its sign, dots and the cursor need room too."""
        return max(10, shutil.get_terminal_size().columns - 6)

    def _head(self, progress: Progress) -> str:
        if self._resumed:
            return f"▶️  Resuming workflow: {one_line(progress.workflow)} from {one_line(progress.run)}"
        return f"▶️  Running workflow: {one_line(progress.workflow)}"

    def only_learn(self, progress: Progress) -> None:
        """Learn the run's name and write nothing."""
        self.run = progress.run

    def clear(self) -> None:
        """Take the line of what is under way from the screen."""
        if self._under_way:
            self._stream.write("\r\x1b[K")
            self._under_way = False


def _line(one: StepProgress) -> str:
    detail = f": {one_line(one.detail)}" if one.detail else ""
    return f"{'  ' * one.inside}{one.state} {one_line(one.step)}{detail}"

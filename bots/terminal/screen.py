"""What is printed while a line is edited: above that line, and nothing gets mixed up with it."""

import asyncio
from typing import TextIO

from prompt_toolkit.application import get_app_or_none
from prompt_toolkit.utils import get_cwidth

from bots.terminal.presenters import Paper


class Screen:
    """Writes whole lines above the line that is edited.

    The answers' last line, as long as it grows, is shown by :meth:`above` as a part of the prompt. May be
    written to from any thread.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._growing = ""
        self.answers: Paper = _Answers(self)

    def write(self, text: str) -> int:
        """Write a page; it ends with a line end."""
        self._soon(text, growing=False)
        return len(text)

    def flush(self) -> None:
        """Do nothing: everything is shown as soon as it can be."""

    def grow(self, text: str) -> None:
        """Write something of an answer, which may end in the middle of a line."""
        self._soon(text, growing=True)

    def above(self, prompt: str) -> str:
        """Return the prompt, under the growing line while it is not finished itself."""
        app = get_app_or_none()
        if not self._growing or app is None or app.is_done:
            return prompt
        return f"{self._growing}\n{prompt}"

    def _soon(self, text: str, *, growing: bool) -> None:
        try:
            self._loop.call_soon_threadsafe(self._add, text, growing)
        except RuntimeError:
            return  # the event loop is closed: nobody looks any more

    def _add(self, text: str, growing: bool) -> None:
        if not growing:
            self._print(text)
            return
        whole, end, rest = (self._growing + text.expandtabs(4)).rpartition("\n")
        rows, self._growing = rows_of(rest, self._columns())
        lines = whole + end + "".join(f"{row}\n" for row in rows)
        if lines:
            self._print(lines)
        else:
            app = get_app_or_none()
            if app is not None:
                app.invalidate()

    def _print(self, text: str) -> None:
        app = get_app_or_none()
        edited = app is not None and app.is_running and not app.is_done
        if edited and app is not None:
            app.renderer.erase()
        self._stream.write(text)
        self._stream.flush()
        if edited and app is not None:
            app.renderer.request_absolute_cursor_position()
            app.invalidate()

    def _columns(self) -> int:
        app = get_app_or_none()
        return app.output.get_size().columns if app is not None else 80


def rows_of(line: str, columns: int) -> tuple[list[str], str]:
    """Cut off full rows, between words where possible; the rest is shorter than a row."""
    rows: list[str] = []
    while get_cwidth(line) >= columns:
        at, used = 0, get_cwidth(line[0])
        while used < columns:
            at += 1
            used += get_cwidth(line[at])
        space = line.rfind(" ", 0, at + 1)
        cut = space if space > 0 else max(at, 1)
        rows.append(line[:cut])
        line = line[cut:].removeprefix(" ")
    return rows, line


class _Answers:
    """The part of the screen that answers grow in."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def write(self, text: str, /) -> None:
        self._screen.grow(text)

    def flush(self) -> None:
        pass

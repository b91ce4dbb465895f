"""Lines that a person edits at a terminal, with prompt_toolkit."""

import sys
import termios
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from bots.terminal.lines import is_yes
from bots.terminal.plain import one_line
from bots.terminal.screen import Screen
from bots.words import ENTRIES, Room

_COMMANDS = (*(f"/{room} " for room in Room), "/plan ", "/stop", "/retry", "/help", "/quit")

Names = Callable[[str], Awaitable[tuple[str, ...]]]
"""Finds the names of sessions that begin like this."""


class EditedLines:
    """Reads from the terminal with line editing, history and completion.

    A pasted text of several lines is one message. Ctrl-D ends the input.
    """

    def __init__(self, history: Path | None, names: Names, screen: Screen) -> None:
        self._screen = screen
        self._interrupt: Callable[[], bool] = lambda: False
        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=_Words(names),
            complete_while_typing=False,
            key_bindings=self._keys(),
        )

    def on_interrupt(self, act: Callable[[], bool]) -> None:
        """See :meth:`bots.terminal.live.LiveLines.on_interrupt`."""
        self._interrupt = act

    async def read(self) -> str | None:
        """Return the next message; None at Ctrl-D."""
        while True:
            try:
                return await self._session.prompt_async(
                    lambda: self._screen.above("> "), handle_sigint=False
                )
            except KeyboardInterrupt:
                continue
            except EOFError:
                return None

    async def confirm(self, question: str) -> bool | None:
        """Ask; Ctrl-C is no."""
        asking: PromptSession[str] = PromptSession(history=InMemoryHistory())
        try:
            return is_yes(
                await asking.prompt_async(lambda: self._screen.above(question), handle_sigint=False)
            )
        except KeyboardInterrupt:
            return False
        except EOFError:
            return None

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def interrupt(event: KeyPressEvent) -> None:
            if not self._interrupt():
                event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

        return keys


@contextmanager
def unechoed() -> Iterator[None]:
    """Let keys that are typed between two prompts wait for the next one; Ctrl-C keeps its meaning."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    silent = [*before]
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(descriptor, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


class _Words(Completer):
    """Completes commands, the words behind them and the names of sessions."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        return iter(())

    async def get_completions_async(
        self, document: Document, event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        text = document.text_before_cursor
        if not text.startswith("/"):
            return
        for found, typed in await self._candidates(text):
            yield Completion(found, start_position=-typed, display=one_line(found))

    async def _candidates(self, text: str) -> list[tuple[str, int]]:
        room = next((one for one in Room if text.startswith(f"/{one} ")), None)
        if room is None:
            return [(command, len(text)) for command in _COMMANDS if command.startswith(text)]
        said, space, rest = text.removeprefix(f"/{room} ").lstrip().partition(" ")
        if not space:
            return [(one.word, len(said)) for one in ENTRIES[room] if one.word.startswith(said)]
        if not any(one.named and one.word == said for one in ENTRIES[room]):
            return []
        return [(name, len(rest)) for name in await self._names(rest)]


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))

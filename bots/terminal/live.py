"""The terminal chat at a keyboard: while an answer runs, commands act at once and messages queue."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from bots.commands import Commands
from bots.terminal import pages
from bots.terminal.chat import TerminalChat, how_to_decide
from bots.terminal.conversation import Conversation, Said
from bots.terminal.interrupts import interrupting
from bots.terminal.lines import Lines
from bots.terminal.presenters import Paper
from sessions.errors import StoreError, UserError
from sessions.model import Ask, Task


class LiveLines(Lines, Protocol):
    """Lines that somebody types meanwhile."""

    def on_interrupt(self, act: Callable[[], bool]) -> None:
        """Call ``act`` at Ctrl-C; where it returns False, nothing ran and the line is cleared."""
        ...


class LiveChat(TerminalChat):
    """Reads on while answers run. Ctrl-C stops the running one; the end of the input leaves in order."""

    def __init__(
        self,
        conversation: Conversation,
        commands: Commands,
        lines: LiveLines,
        stream: Paper,
    ) -> None:
        super().__init__(conversation, commands, lines, stream)
        self._pending: dict[asyncio.Task[None], Said] = {}
        self._group = asyncio.TaskGroup()
        lines.on_interrupt(self._interrupt)

    async def run(self) -> None:
        """Talk until the input ends."""
        with interrupting(self._interrupt):
            async with self._group:
                await super().run()
                await self._leave()

    async def _say(self, text: str, ask: Ask, task: Task | None = None) -> None:
        said = await self._conversation.submit(text, ask=ask, task=task, accepted=self._announce)
        if said.ahead:
            what = pages.counted(said.ahead, "earlier message")
            self._print(f"⏳ Waiting for {what} of this session; /stop ends the running answer.\n")
        awaiting = self._group.create_task(self._await(said))
        self._pending[awaiting] = said
        awaiting.add_done_callback(self._pending.pop)

    async def _await(self, said: Said) -> None:
        try:
            self._print(how_to_decide(await self._conversation.answer(said)))
            await self._show_interrupted()
        except (UserError, StoreError) as error:
            self._print(f"Error: {error}\n")

    def _interrupt(self) -> bool:
        """Stop the answer that runs; False if none does."""
        if not self._pending:
            return False
        self._group.create_task(self._stop_running())
        return True

    async def _stop_running(self) -> None:
        try:
            for said in list(self._pending.values()):
                if await self._conversation.stop(said):
                    return
        except StoreError as error:
            self._print(f"Error: {error}\n")
        else:
            self._print("The message waits behind others. Ctrl-D leaves without its answer.\n")

    async def _leave(self) -> None:
        if not self._pending:
            return
        self._print("Leaving: the running answer is stopped.")
        await self._conversation.leave(self._pending.values())
        for task, said in self._pending.items():
            if not said.answered.done():
                self._print(pages.left(said.text))
                task.cancel()

"""The command ``parley chat``: the terminal chat."""

import asyncio
import sys
from threading import Lock
from typing import Annotated

import typer

from bots.terminal.chat import TerminalChat
from bots.terminal.conversation import Left
from bots.terminal.lines import PipedLines
from bots.terminal.pages import counted
from bots.terminal.presenters import InTurn, PlainPresenter, StepsPresenter
from cli import output
from cli.chat_commands import chat_commands
from cli.options import LOCAL, Backend, Choice, Path, Workspace
from cli.plain_values import PlainCommand
from cli.wiring import Desk, open_conversation, open_desk
from sessions.errors import NoSuchSession

app = typer.Typer(
    name="chat", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
)

_COMPLETIONS = 20
_LEFT = 130


@app.command("chat", cls=PlainCommand)
def chat(
    session: Annotated[
        str | None,
        typer.Option(
            "--session", metavar="NAME", show_default=False, help="Talk in it; start it if it is new."
        ),
    ] = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
) -> None:
    """Talk in the terminal; say /help there. Piped lines are answered one by one."""
    talk(Choice(storage_backend, storage_path, workspace), session)


def talk(choice: Choice, session: str | None, *, greet: bool = True) -> None:
    """Open the chat, in that session or in the one that was used last."""
    try:
        asyncio.run(_talk(choice, session, greet=greet))
    except Left:
        raise typer.Exit(_LEFT) from None


async def use_session(desk: Desk, name: str) -> None:
    """Bind the operator to the session of that name, which is started if it is new."""
    try:
        await desk.commands.resume(desk.operator.caller(), name)
    except NoSuchSession:
        await desk.commands.start(desk.operator.caller(), name)


async def _talk(choice: Choice, session: str | None, *, greet: bool) -> None:
    async with open_desk(choice) as desk:
        if session is not None:
            await use_session(desk, session)
        if sys.stdin.isatty() and sys.stdout.isatty():
            await _edit(desk, greet=greet)
        else:
            await _pipe(desk)


async def _pipe(desk: Desk) -> None:
    def presenter() -> PlainPresenter:
        return PlainPresenter(sys.stdout, sys.stdout)

    def steps() -> StepsPresenter:
        return StepsPresenter(sys.stdout, sys.stdout, below=False)

    async with open_conversation(desk, presenter, steps) as conversation:
        lines = PipedLines(sys.stdin.fileno(), sys.stdout)
        commands = chat_commands(desk.settings, desk.store)
        await TerminalChat(conversation, commands, lines, sys.stdout).run()


async def _edit(desk: Desk, *, greet: bool) -> None:
    from bots.terminal.editor import EditedLines, unechoed
    from bots.terminal.live import LiveChat
    from bots.terminal.screen import Screen

    async def names(prefix: str) -> tuple[str, ...]:
        workspace = await desk.store.workspace(desk.operator.place.workspace)
        return await desk.store.names(workspace.id, None, prefix, _COMPLETIONS)

    screen, floor = Screen(sys.stdout), Lock()

    def presenter() -> InTurn:
        return InTurn(PlainPresenter(screen.answers, screen.answers), floor)

    def steps() -> InTurn:
        return InTurn(StepsPresenter(screen.answers, screen.answers, below=False), floor)

    async with open_conversation(desk, presenter, steps) as conversation:
        if greet:
            output.say(await _greeting(desk))
        lines = EditedLines(desk.settings.home / "history", names, screen)
        with unechoed():
            commands = chat_commands(desk.settings, desk.store)
            await LiveChat(conversation, commands, lines, screen).run()


async def _greeting(desk: Desk) -> str:
    bound = await desk.store.bound(desk.operator.place.thread)
    told = "Parley. Write a message; /help shows the commands, Ctrl-D ends."
    if bound is None:
        return f"{told}\n"
    return f"{told}\n\n📂 Session: {bound.name} ({counted(bound.tally.user_messages, 'message')})\n"

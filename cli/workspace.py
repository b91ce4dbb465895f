"""The command ``parley workspace list``."""

import asyncio

import typer

from bots.settings import load_here
from bots.terminal.pages import counted, second
from bots.terminal.tables import draw
from cli import output
from cli.options import Backend, Choice, Json, Path
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.wiring import opened
from sessions.model import Workspace
from sessions.ports.catalog import Cursor

app = typer.Typer(
    name="workspace",
    cls=AnywhereGroup,
    help="See whose sessions there are: groups, guilds, private chats, and your own.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)

_BATCH = 200
Counted = list[tuple[Workspace, int]]


@app.callback()
def workspace() -> None:
    """See whose sessions there are: groups, guilds, private chats, and your own."""


@app.command("list", cls=PlainCommand)
def list_(storage_backend: Backend = None, storage_path: Path = None, json: Json = False) -> None:
    """List the workspaces with the number of their sessions."""
    found = asyncio.run(_all(Choice(storage_backend, storage_path)))
    if json:
        output.say_json({"workspaces": [output.workspace_record(*one) for one in found]})
        return
    rows = [(one.key, one.title, f"{sessions:,}", second(one.created_at)) for one, sessions in found]
    table = draw(("Workspace", "Title", "Sessions", "Created"), rows, (20, 20, 8, 19))
    output.say(f"🏠 Workspaces:\n\n{table}\n\nTotal: {counted(len(found), 'workspace')}")


async def _all(choice: Choice) -> Counted:
    found: Counted = []
    async with opened(load_here(), choice) as store:
        after: Cursor | None = None
        while True:
            page = await store.workspaces(after, _BATCH)
            found += page.workspaces
            after = page.next
            if after is None:
                return found

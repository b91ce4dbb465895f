"""The commands ``parley session …``."""

import asyncio
import sys
from typing import Annotated

import typer

from bots.terminal import pages
from cli import bringing, leaving, output
from cli.again import Again
from cli.confirming import is_sure
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace, page_number
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.wiring import Desk, open_desk
from sessions.errors import UsageError
from sessions.model import Listing, Session
from sessions.outcomes import ConfirmDelete, Deleted, Listed, Resumed, Shown, Started
from sessions.ports.catalog import Cursor

app = typer.Typer(
    name="session",
    cls=AnywhereGroup,
    help="Start, list, resume, show and delete sessions; move them out and in.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
)

HELP = """\
Session Commands:

  parley session start <name>    - Start a new session
  parley session list            - List all sessions
  parley session resume <name>   - Resume a session
  parley session show <name>     - Show session details
  parley session delete <name>   - Delete a session
  parley session help            - Show this help

Using Sessions with Prompts:
  parley "prompt" --session <name>   - Run with session context"""

_BATCH = 200

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, or a number of the last list.")]


@app.callback()
def session(ctx: typer.Context) -> None:
    """Show the help when no command is given."""
    if ctx.invoked_subcommand is None:
        output.say(HELP)


@app.command("start", cls=PlainCommand)
def start(
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Start a new session."""

    async def work() -> Started:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            return await desk.commands.start(desk.operator.caller(), name)

    made = asyncio.run(work()).session
    if json:
        output.say_json(output.session_record(made))
        return
    again = Again(Choice(storage_backend, storage_path, workspace))
    use = "Use: " + again.line('"your prompt"', {"--session": made.name})
    output.say(pages.started(made, f"You can now run commands with this session context.\n{use}"))


@app.command("list", cls=PlainCommand)
def list_(
    page: Annotated[
        str | None, typer.Argument(metavar="[PAGE]", show_default=False, help="Ten sessions each.")
    ] = None,
    page_option: Annotated[
        str | None, typer.Option("--page", metavar="PAGE", show_default=False, help="The same as PAGE.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Leave none out.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """List the sessions, newest activity first."""
    number = page_number(page_option or page, "parley session list 2")

    async def work() -> Listed:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            if everything:
                return await _list_everything(desk)
            return await desk.commands.list(desk.operator.caller(), number)

    outcome = asyncio.run(work())
    if json:
        output.say_json(
            {
                "sessions": [output.session_record(one) for one in outcome.sessions],
                "total": outcome.total,
                "page": outcome.page,
                "pages": outcome.pages,
            }
        )
        return
    again = Again(Choice(storage_backend, storage_path, workspace))
    following = again.line(f"session list {outcome.page + 1}", {})
    output.say(pages.listed(outcome, start="parley session start my-project", following=following))


@app.command("resume", cls=PlainCommand)
def resume(
    name: Name,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Resume a session; at a terminal, go on talking in it."""
    choice = Choice(storage_backend, storage_path, workspace)

    async def work() -> Resumed:
        async with open_desk(choice) as desk:
            return await desk.commands.resume(desk.operator.caller(), name)

    outcome = asyncio.run(work())
    if json:
        last = output.message_record(outcome.last) if outcome.last else None
        output.say_json({**output.session_record(outcome.session), "last_message": last})
        return
    output.say(pages.resumed(outcome))
    if sys.stdin.isatty() and sys.stdout.isatty():
        from cli.chat import talk  # the engine is needed only at a terminal

        talk(choice, None, greet=False)


@app.command("show", cls=PlainCommand)
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", show_default=False, help="Without one, the active session."),
    ] = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Show a session in detail, with its newest messages."""

    async def work() -> Shown:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            return await desk.commands.show(desk.operator.caller(), name)

    outcome = asyncio.run(work())
    if json:
        recent = [output.message_record(message) for message in outcome.recent]
        record = output.session_record(outcome.session)
        output.say_json({**record, "waiting": outcome.waiting, "recent_messages": recent})
        return
    output.say(pages.shown(outcome))


@app.command("delete", cls=PlainCommand)
def delete(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", show_default=False, help="Without one, the active session."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Delete a session with all its messages."""
    if yes and name is None:
        raise UsageError("Say which session to delete without asking: parley session delete NAME --yes")

    async def work() -> Deleted | ConfirmDelete:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            outcome = await desk.commands.delete(desk.operator.caller(), name, confirmed=yes)
            if isinstance(outcome, ConfirmDelete):
                return await _delete_if_sure(desk, outcome, quietly=json)
            return outcome

    outcome = asyncio.run(work())
    done = isinstance(outcome, Deleted)
    if json:
        output.say_json({"deleted": done, "name": outcome.session.name})
    else:
        output.say(pages.deleted(outcome.session) if done else "Cancelled: nothing was deleted.")


@app.command("help", cls=PlainCommand)
def help_() -> None:
    """Show the session commands."""
    output.say(HELP)


app.command("export", cls=PlainCommand)(leaving.export)
app.command("import", cls=PlainCommand)(bringing.import_)


async def _delete_if_sure(desk: Desk, asked: ConfirmDelete, *, quietly: bool) -> Deleted | ConfirmDelete:
    """Return what was asked when the answer is no. The end of the input is no answer: raises EOFError."""
    question = f"{pages.confirm_delete(asked.session)}\nAre you sure?"
    sure = await is_sure(question, quietly=quietly)
    return await desk.commands.delete_id(desk.operator.caller(), asked.session.key.id) if sure else asked


async def _list_everything(desk: Desk) -> Listed:
    """List all pages as one, and remember all numbers."""
    place = desk.operator.place
    workspace = await desk.store.workspace(place.workspace)
    found: list[Session] = []
    after: Cursor | None = None
    while True:
        page = await desk.store.page(workspace.id, None, after, _BATCH)
        found += page.sessions
        after = page.next
        if after is None:
            break
    listing = Listing(tuple(one.key.id for one in found))
    await desk.store.save_listing(place.thread, desk.operator.person.id, listing)
    return Listed(tuple(found), len(found), 1, 1, 1)

"""The commands ``parley memory …``."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from bots.terminal import memory as pages
from bots.terminal.room_help import room_help
from bots.words import Room
from cli import output
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace, page_number
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.wiring import open_desk
from sessions.commands import Caller
from sessions.facts.commands import FactCommands
from sessions.facts.outcomes import FactsShown, ShownFact
from sessions.ports.facts import Fact

app = typer.Typer(
    name="memory",
    cls=AnywhereGroup,
    help="Show, add and forget facts: what is remembered beyond sessions.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
)

HELP = f"""\
{room_help(Room.MEMORY, "parley ")}

Using Memory with Prompts:
  parley "prompt" --memory  - Draw on facts, and take down what is to be remembered"""


T = TypeVar("T")

Shared = Annotated[
    bool, typer.Option("--shared", help="It is about everybody in the workspace, not about you.")
]


@app.callback()
def memory(ctx: typer.Context) -> None:
    """Show the help when no command is given."""
    if ctx.invoked_subcommand is None:
        output.say(HELP)


@app.command("show", cls=PlainCommand)
def show(
    page: Annotated[
        str | None, typer.Argument(metavar="[PAGE]", show_default=False, help="Ten facts each.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Leave none out.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Show what is remembered, the newest first."""
    number = page_number(page, "parley memory show 2")

    async def work(commands: FactCommands, caller: Caller) -> FactsShown:
        return await commands.show(caller, number, everything=everything)

    outcome = _done(Choice(storage_backend, storage_path, workspace), work)
    if json:
        output.say_json(
            {
                "facts": [_shown_record(one) for one in outcome.facts],
                "total": outcome.total,
                "page": outcome.page,
                "pages": outcome.pages,
            }
        )
        return
    output.say(pages.shown(outcome, "parley memory"))


@app.command("add", cls=PlainCommand)
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="In quotes, for example: I like tea.")],
    shared: Shared = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Remember a fact about you; in the workspace of a chat, about everybody there."""
    about_all = shared or workspace != LOCAL
    outcome = _done(
        Choice(storage_backend, storage_path, workspace),
        lambda commands, caller: commands.add(caller, text, shared=about_all),
    )
    if json:
        output.say_json({**_record(outcome.fact), "new": outcome.fresh})
        return
    output.say(pages.added(outcome))


@app.command("forget", cls=PlainCommand)
def forget(
    fact: Annotated[str, typer.Argument(metavar="ID", help="Of “parley memory show”, or words of it.")],
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Forget a fact."""
    outcome = _done(
        Choice(storage_backend, storage_path, workspace),
        lambda commands, caller: commands.forget(caller, fact),
    )
    if json:
        output.say_json({"forgotten": _record(outcome.fact)})
        return
    output.say(pages.forgotten(outcome))


@app.command("help", cls=PlainCommand)
def help_() -> None:
    """Show the memory commands."""
    output.say(HELP)


def _done(choice: Choice, work: Callable[[FactCommands, Caller], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_desk(choice) as desk:
            return await work(FactCommands(desk.store), desk.operator.caller())

    return asyncio.run(run())


def _shown_record(shown: ShownFact) -> dict[str, output.Value]:
    return {**_record(shown.fact), "name": shown.name or None}


def _record(fact: Fact) -> dict[str, output.Value]:
    """Return a fact in the form of ``--json``; ``about`` is null for the workspace."""
    return {
        "id": fact.id,
        "text": fact.text,
        "about": fact.about or None,
        "audience": fact.audience,
        "at": fact.at.isoformat(),
    }

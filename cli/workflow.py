"""The commands ``parley workflow …``."""

import asyncio
from pathlib import Path as FilePath
from typing import Annotated

import typer

from bots.terminal import workflow_pages
from cli import output
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.output import Value
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.running import Wanted, folder_at, run_workflow
from cli.wiring import Desk, open_desk
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.definition import as_record, fingerprint
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.outcomes import WorkflowShown, WorkflowsListed

app = typer.Typer(
    name="workflow",
    cls=AnywhereGroup,
    help="Run workflows, and go on with them from their checkpoints.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
)

HELP = """\
Workflow Commands:

  parley workflow run <name>     - Run a workflow (--var name=value for its variables)
  parley workflow list           - List all workflows
  parley workflow show <name>    - Show a workflow with its steps
  parley workflow help           - Show this help

Using Checkpoints:
  parley workflow run <name> --checkpoint <run>   - Keep the run under a name of yours
  parley workflow run <name> --resume <run>       - Go on where it stopped
  parley checkpoint list                          - List all checkpoints"""

Folder = Annotated[
    str | None,
    typer.Option(
        "--folder",
        metavar="DIR",
        show_default=False,
        help="Where the files are, in YAML, instead of workflows/ in PARLEY_HOME.",
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a workflow.")]


@app.callback()
def workflow(ctx: typer.Context) -> None:
    """Show the help when no command is given."""
    if ctx.invoked_subcommand is None:
        output.say(HELP)


@app.command("run", cls=PlainCommand)
def run(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", show_default=False, help="The name; with --resume it may lack."),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option("--checkpoint", metavar="RUN", show_default=False, help="What the run is called."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option("--resume", metavar="RUN", show_default=False, help="Go on with that run."),
    ] = None,
    rebase: Annotated[
        bool, typer.Option("--rebase", help="Resume although the definition was changed.")
    ] = False,
    var: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=VALUE", show_default=False, help="A variable; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve whatever is asked.")] = False,
    functions: Annotated[
        str | None,
        typer.Option(
            "--functions",
            metavar="MODULE",
            show_default=False,
            help="A Python module whose functions steps may call; it is run as trusted code.",
        ),
    ] = None,
    folder: Folder = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Run a workflow; its checkpoint is kept after every step."""
    wanted = Wanted(
        Choice(storage_backend, storage_path, workspace),
        name or "",
        checkpoint or "",
        resume or "",
        rebase,
        tuple(var or ()),
        yes,
        functions or "",
        folder,
        json,
    )
    raise typer.Exit(run_workflow(wanted))


@app.command("list", cls=PlainCommand)
def list_(
    folder: Folder = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """List the workflows."""

    async def work() -> tuple[WorkflowsListed, FilePath]:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            found = folder_at(desk, folder)
            return await _commands(desk, found).list(desk.operator.caller()), found.path

    found, path = asyncio.run(work())
    if json:
        records: list[Value] = [
            {"name": one.name, "description": one.description, "fingerprint": fingerprint(one)}
            for one in found.workflows
        ]
        output.say_json({"workflows": records, "broken": list(found.broken)})
        return
    output.say(workflow_pages.workflows(found.workflows, found.broken, str(path)))


@app.command("show", cls=PlainCommand)
def show(
    name: Name,
    folder: Folder = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Show a workflow with its steps."""

    async def work() -> WorkflowShown:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            return await _commands(desk, folder_at(desk, folder)).show_workflow(
                desk.operator.caller(), name
            )

    found = asyncio.run(work())
    if json:
        output.say_json({**as_record(found.workflow), "fingerprint": fingerprint(found.workflow)})
        return
    output.say(workflow_pages.workflow(found.workflow, found.runs))


@app.command("help", cls=PlainCommand)
def help_() -> None:
    """Show the workflow commands."""
    output.say(HELP)


def _commands(desk: Desk, folder: WorkflowFolder) -> WorkflowCommands:
    return WorkflowCommands(desk.store, folder, {})

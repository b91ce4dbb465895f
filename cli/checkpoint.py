"""The commands ``parley checkpoint …``."""

import asyncio
from typing import Annotated

import typer

from bots.terminal import workflow_pages
from bots.workflow_tasks import workflow_folder
from cli import output
from cli.confirming import is_sure
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.output import Value
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.running import step_record
from cli.wiring import Desk, open_desk
from sessions.ports.checkpoints import Checkpoint
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.outcomes import ConfirmDeleteRun, RunDeleted, RunShown

app = typer.Typer(
    name="checkpoint",
    cls=AnywhereGroup,
    help="See and delete the checkpoints of workflows.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
)

HELP = """\
Checkpoint Commands:

  parley checkpoint list            - List all checkpoints
  parley checkpoint show <name>     - Show a checkpoint with the results of its steps
  parley checkpoint delete <name>   - Delete a checkpoint
  parley checkpoint help            - Show this help

Resuming from a Checkpoint:
  parley workflow run <workflow> --resume <name>"""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a checkpoint.")]


@app.callback()
def checkpoint(ctx: typer.Context) -> None:
    """Show the help when no command is given."""
    if ctx.invoked_subcommand is None:
        output.say(HELP)


@app.command("list", cls=PlainCommand)
def list_(
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """List the checkpoints, the last saved first."""

    async def work() -> tuple[Checkpoint, ...]:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            return await _commands(desk).runs(desk.operator.caller())

    found = asyncio.run(work())
    if json:
        output.say_json({"checkpoints": [_record(one) for one in found], "total": len(found)})
        return
    output.say(workflow_pages.runs(found))


@app.command("show", cls=PlainCommand)
def show(
    name: Name,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Show a checkpoint with the results of its steps."""

    async def work() -> RunShown:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            return await _commands(desk).show_run(desk.operator.caller(), name)

    found = asyncio.run(work())
    if json:
        steps: list[Value] = [step_record(one) for one in found.run.results]
        output.say_json({**_record(found.run), "results": steps, "question": found.question})
        return
    output.say(workflow_pages.run(found.run, found.question, known=found.workflow is not None))


@app.command("delete", cls=PlainCommand)
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Delete a checkpoint."""

    async def work() -> RunDeleted | ConfirmDeleteRun:
        async with open_desk(Choice(storage_backend, storage_path, workspace)) as desk:
            commands, caller = _commands(desk), desk.operator.caller()
            outcome = await commands.delete(caller, name, confirmed=yes)
            if isinstance(outcome, ConfirmDeleteRun):
                question = f"{workflow_pages.confirm_delete(outcome.run)}\nAre you sure?"
                if await is_sure(question, quietly=json):
                    return await commands.delete(caller, name, confirmed=True)
            return outcome

    outcome = asyncio.run(work())
    done = isinstance(outcome, RunDeleted)
    if json:
        output.say_json({"deleted": done, "name": outcome.run.name})
    else:
        output.say(workflow_pages.deleted(outcome.run) if done else "Cancelled: nothing was deleted.")


@app.command("help", cls=PlainCommand)
def help_() -> None:
    """Show the checkpoint commands."""
    output.say(HELP)


def _commands(desk: Desk) -> WorkflowCommands:
    return WorkflowCommands(desk.store, workflow_folder(desk.settings), {})


def _record(run: Checkpoint) -> dict[str, Value]:
    """Return a checkpoint in the form of ``--json``; its keys only ever grow in number."""
    return {
        "name": run.name,
        "workflow": run.workflow,
        "status": run.status.value,
        "saved_at": run.saved_at.isoformat(),
        "fingerprint": run.fingerprint,
        "waiting_for": run.waiting_for,
        "variables": dict(run.variables),
        "steps": len(run.results),
    }

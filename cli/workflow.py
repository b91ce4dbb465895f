"""The commands ``parley workflow …``."""

import asyncio
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated

import typer

from bots.models import chat_model
from bots.terminal import workflow_pages
from bots.terminal.lines import PipedLines
from bots.terminal.plain import one_line, printable
from bots.terminal.run_lines import RunLines
from cli import output
from cli.again import Again
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.output import Value
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.wiring import Desk, open_desk
from sessions.errors import UsageError
from sessions.ports.checkpoints import RunStatus, StepResult
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.definition import as_record, fingerprint
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.outcomes import WorkflowShown, WorkflowsListed
from sessions.workflows.programs import WorkflowManager
from sessions.workflows.progress import RunResult
from sessions.workflows.runner import Decide, Question, Watch
from sessions.workflows.work import Habits

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

_INTERRUPTED = 130

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
    if not name and not resume:
        raise UsageError("Say which workflow: parley workflow run NAME. See: parley workflow list")
    variables = _variables(var or [])
    choice = Choice(storage_backend, storage_path, workspace)
    live = sys.stdout.isatty() and not json
    lines = RunLines(sys.stdout, live=live, resumed=bool(resume))

    async def work() -> RunResult:
        async with open_desk(choice) as desk:
            asking = _Asking(lines, yes=yes, quietly=json)
            watch = lines.only_learn if json else lines
            manager = _manager(desk, choice, _Source(folder, functions), watch, asking)
            return await manager.aexecute(
                name or "",
                checkpoint=checkpoint or "",
                resume=resume or "",
                variables=variables,
                rebase=rebase,
            )

    def go_on(run_name: str) -> str:
        options = {"--resume": run_name, "--folder": folder, "--functions": functions}
        return f"To go on: {Again(choice).line('workflow run', options)}"

    try:
        result = asyncio.run(work())
    except KeyboardInterrupt:
        lines.clear()
        if lines.run:
            output.warn(f"Stopped; the steps that were done are kept. {go_on(lines.run)}")
        raise typer.Exit(_INTERRUPTED) from None
    if json:
        output.say_json(_result_record(result))
    else:
        output.say(_ending(result, go_on(result.checkpoint)))
    raise typer.Exit(0 if result.status is RunStatus.DONE else 1)


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
            found = _folder(desk, folder)
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
            return await _commands(desk, _folder(desk, folder)).show_workflow(
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


def _folder(desk: Desk, folder: str | None) -> WorkflowFolder:
    if folder is None:
        return WorkflowFolder(desk.settings.home / "workflows")
    path = FilePath(folder).expanduser()
    if not path.is_dir():
        raise UsageError(f"There is no folder {folder}. Give --folder the one with the YAML files.")
    return WorkflowFolder(path)


def _commands(desk: Desk, folder: WorkflowFolder) -> WorkflowCommands:
    return WorkflowCommands(desk.store, folder, {})


@dataclass(frozen=True)
class _Source:
    """Where definitions and functions are, if the command line says so."""

    folder: str | None
    functions: str | None


def _manager(
    desk: Desk, choice: Choice, source: _Source, watch: Watch, decide: Decide
) -> WorkflowManager:
    from bots.functions import load_functions
    from cli.logs import configure

    configure(desk.settings, "error")
    return WorkflowManager(
        store=lambda: nullcontext(desk.store),
        model=lambda: chat_model(desk.settings),
        folder=_folder(desk, source.folder).path,
        workspace=choice.workspace,
        starter=desk.operator.person.id,
        functions=load_functions(source.functions or desk.settings.workflow_functions),
        habits=Habits(system=desk.settings.system_prompt),
        watch=watch,
        decide=decide,
    )


class _Asking:
    """Puts what has to be approved to whoever is at standard input."""

    def __init__(self, lines: RunLines, *, yes: bool, quietly: bool) -> None:
        self._lines = lines
        self._yes = yes
        self._stream = sys.stderr if quietly else sys.stdout
        self._answers: PipedLines | None = None

    async def __call__(self, question: Question) -> bool | None:
        if self._yes:
            return True
        self._lines.clear()
        if self._answers is None:
            self._answers = PipedLines(sys.stdin.fileno(), self._stream)
        self._stream.write(f"⏸ {one_line(question.step)}\n\n{printable(question.text)}\n\n")
        return await self._answers.confirm("Go on? (y/N): ")


def _variables(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"“{one[:64]}” is no variable with its value. Write: --var name=value")
        found[name.strip()] = value
    return found


def _ending(result: RunResult, go_on: str) -> str:
    name = one_line(result.workflow)
    match result.status:
        case RunStatus.DONE:
            said = f"\n\n{printable(result.output)}" if result.output else ""
            if not result.ran:
                return (
                    f"There is nothing left to do: the run '{one_line(result.checkpoint)}' is done.{said}"
                )
            return f"\nWorkflow '{name}' completed successfully.{said}"
        case RunStatus.WAITING:
            return f"\nWorkflow '{name}' waits for your decision. {go_on}"
        case RunStatus.REFUSED:
            return f"\nWorkflow '{name}' was refused and ended here."
        case _:
            return f"\nWorkflow '{name}' failed; the steps that were done are kept. {go_on}"


def _result_record(result: RunResult) -> dict[str, Value]:
    """Return a run's result in the form of ``--json``; its keys only ever grow in number."""
    return {
        "checkpoint": result.checkpoint,
        "workflow": result.workflow,
        "status": result.status.value,
        "steps": [step_record(one) for one in result.steps],
        "output": result.output,
        "error": result.error,
        "waiting_for": result.waiting_for,
        "question": result.question,
    }


def step_record(result: StepResult) -> dict[str, Value]:
    """Return a step's result in the form of ``--json``."""
    return {
        "step": result.step,
        "status": result.status.value,
        "output": result.output,
        "error": result.error,
    }

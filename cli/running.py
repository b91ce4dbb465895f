"""Runs a workflow for the command line: shows its steps, asks for approvals, tells how to go on."""

import asyncio
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bots.functions import load_functions
from bots.models import chat_model
from bots.terminal.lines import PipedLines
from bots.terminal.plain import one_line, printable
from bots.terminal.run_lines import RunLines
from bots.workflow_tasks import workflow_folder
from cli import output
from cli.again import Again
from cli.options import Choice
from cli.output import Value
from cli.wiring import Desk, open_desk
from sessions.errors import UsageError
from sessions.ports.checkpoints import RunStatus, StepResult
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.programs import WorkflowManager
from sessions.workflows.progress import RunResult
from sessions.workflows.runner import Decide, Question, Watch
from sessions.workflows.work import Habits

_INTERRUPTED = 130


@dataclass(frozen=True)
class Wanted:
    """What is to be run, from where, and how."""

    choice: Choice
    name: str = ""
    checkpoint: str = ""
    resume: str = ""
    rebase: bool = False
    variables: tuple[str, ...] = ()
    yes: bool = False
    functions: str = ""
    folder: str | None = None
    json: bool = False


def run_workflow(wanted: Wanted) -> int:
    """Run it and return the exit code: 0 done; 1 failed, refused or waiting. Raises UsageError."""
    if not wanted.name and not wanted.resume:
        raise UsageError("Say which workflow: parley workflow run NAME. See: parley workflow list")
    if wanted.rebase and not wanted.resume:
        raise UsageError("--rebase goes with --resume. Say which run is meant: --resume RUN --rebase")
    if wanted.checkpoint and wanted.resume:
        raise UsageError(
            "--checkpoint begins a run and --resume goes on with one. Leave out one of them."
        )
    live = sys.stdout.isatty() and not wanted.json
    lines = RunLines(sys.stdout, live=live, resumed=bool(wanted.resume))
    try:
        result = asyncio.run(_run(wanted, lines, _variables(wanted.variables)))
    except KeyboardInterrupt:
        lines.clear()
        if lines.run:
            go_on = _go_on(wanted, lines.run)
            output.warn(f"Stopped; the steps that were done are kept. {go_on}")
        return _INTERRUPTED
    if wanted.json:
        output.say_json(_result_record(result))
    else:
        output.say(_ending(result, _go_on(wanted, result.checkpoint)))
    return 0 if result.status is RunStatus.DONE else 1


def folder_at(desk: Desk, folder: str | None) -> WorkflowFolder:
    """Return the folder that was given, or the deployment's. Raises UsageError."""
    if folder is None:
        return workflow_folder(desk.settings)
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UsageError(f"There is no folder {folder}. Give --folder the one with the YAML files.")
    return WorkflowFolder(path)


def step_record(result: StepResult) -> dict[str, Value]:
    """Return a step's result in the form of ``--json``."""
    return {
        "step": result.step,
        "status": result.status.value,
        "output": result.output,
        "error": result.error,
    }


async def _run(wanted: Wanted, lines: RunLines, variables: dict[str, str]) -> RunResult:
    async with open_desk(wanted.choice) as desk:
        asking = _Asking(lines, yes=wanted.yes, quietly=wanted.json)
        manager = _manager(desk, wanted, lines.only_learn if wanted.json else lines, asking)
        return await manager.aexecute(
            wanted.name,
            checkpoint=wanted.checkpoint,
            resume=wanted.resume,
            variables=variables,
            rebase=wanted.rebase,
        )


def _manager(desk: Desk, wanted: Wanted, watch: Watch, decide: Decide) -> WorkflowManager:
    from cli.logs import configure

    configure(desk.settings, "error")
    return WorkflowManager(
        store=lambda: nullcontext(desk.store),
        model=lambda: chat_model(desk.settings),
        folder=folder_at(desk, wanted.folder).path,
        workspace=wanted.choice.workspace,
        starter=desk.operator.person.id,
        functions=load_functions(wanted.functions or desk.settings.workflow_functions),
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


def _variables(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"“{one[:64]}” is no variable with its value. Write: --var name=value")
        found[name.strip()] = value
    return found


def _go_on(wanted: Wanted, run: str) -> str:
    options = {"--resume": run, "--folder": wanted.folder, "--functions": wanted.functions}
    return f"To go on: {Again(wanted.choice).line('workflow run', options)}"


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

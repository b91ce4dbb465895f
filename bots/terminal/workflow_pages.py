"""Pages about workflows and their runs, as a terminal shows them."""

from collections.abc import Sequence
from typing import assert_never

from bots.terminal.pages import counted, second
from bots.terminal.plain import one_line, printable, shorten
from bots.terminal.tables import draw, properties
from sessions.ports.checkpoints import Checkpoint, StepResult, StepStatus
from sessions.workflows.definition import (
    ApprovalStep,
    CallStep,
    ParallelStep,
    PromptStep,
    Step,
    Workflow,
    every_step,
    fingerprint,
)

_RULE = "─" * 52
_WIDTH = 60


def workflows(found: Sequence[Workflow], broken: Sequence[str], folder: str) -> str:
    """The workflows of a folder, and what is wrong with its other files."""
    if not found and not broken:
        return f"📋 There are no workflows. Put YAML files into: {one_line(folder)}"
    rows = [
        (
            one.name,
            str(sum(1 for _ in every_step(one))),
            ", ".join(variable.name for variable in one.variables),
            shorten(one.description, _WIDTH),
        )
        for one in found
    ]
    parts = ["📋 Available Workflows:"]
    if rows:
        parts.append(draw(("Workflow", "Steps", "Variables", "Description"), rows, (20, 5, 12, 20)))
    parts.append(f"Total: {counted(len(found), 'workflow')}")
    parts += [f"⚠️  {printable(text)}" for text in broken]
    return "\n\n".join(parts)


def workflow(found: Workflow, checkpoints: Sequence[Checkpoint] = ()) -> str:
    """A workflow with its steps."""
    rows = [
        ("Name", found.name),
        ("Description", shorten(found.description, _WIDTH)),
        ("Steps", str(sum(1 for _ in every_step(found)))),
        ("Fingerprint", fingerprint(found)),
        *(
            (f"Variable {one.name}", "(needed)" if one.default is None else one.default)
            for one in found.variables
        ),
    ]
    steps = [
        f"{'     ' if inside else ''}{'·' if inside else number:>2} {step.name} ({_kind(step)})"
        + (f" if {one_line(step.when)}" if step.when else "")
        for number, step, inside in _numbered(found)
    ]
    told = "\n".join(f"  {one}" for one in steps)
    page = f"📊 Workflow: {one_line(found.name)}\n\n{properties(rows)}\n\nSteps:\n{told}"
    if not checkpoints:
        return page
    names = ", ".join(f"{one_line(one.name)} ({one.status})" for one in checkpoints)
    return f"{page}\n\nCheckpoints: {names}"


def runs(found: Sequence[Checkpoint]) -> str:
    """The checkpoints, the last saved first."""
    if not found:
        return "📋 There are no checkpoints. A run leaves one: parley workflow run NAME --checkpoint NAME"
    rows = [
        (one.name, one.workflow, str(one.status), str(_ended(one.results)), second(one.saved_at))
        for one in found
    ]
    table = draw(("Checkpoint", "Workflow", "Status", "Steps", "Saved"), rows, (20, 16, 8, 5, 19))
    return f"📋 Checkpoints:\n\n{table}\n\nTotal: {counted(len(found), 'checkpoint')}"


def run(found: Checkpoint, question: str, *, known: bool) -> str:
    """A checkpoint with the results of its steps; ``known``: its definition is there and unchanged."""
    rows = [
        ("Checkpoint", found.name),
        ("Workflow", found.workflow + ("" if known else " (changed or gone)")),
        ("Status", str(found.status)),
        ("Saved", second(found.saved_at)),
        ("Fingerprint", found.fingerprint),
        *((f"Variable {name}", shorten(value, _WIDTH)) for name, value in found.variables),
    ]
    parts = [f"📊 Checkpoint: {one_line(found.name)}\n\n{properties(rows)}"]
    if found.results:
        told = "\n".join(f"{_RULE}\n{_result(one)}" for one in found.results)
        parts.append(f"Results:\n{told}\n{_RULE}")
    if question:
        parts.append(f"Waits for a decision: {printable(question)}")
    return "\n\n".join(parts)


def confirm_delete(found: Checkpoint) -> str:
    """What is asked before a checkpoint is deleted."""
    return (
        f"⚠️  Delete checkpoint '{one_line(found.name)}'?\n"
        "The run cannot be resumed then, and the results of its steps are lost."
    )


def deleted(found: Checkpoint) -> str:
    """A checkpoint that is gone."""
    return f"🗑️  Checkpoint '{one_line(found.name)}' deleted successfully."


def _numbered(found: Workflow) -> list[tuple[int, Step, bool]]:
    number, numbered = 0, list[tuple[int, Step, bool]]()
    for step, inside in every_step(found):
        number += not inside
        numbered.append((number, step, inside))
    return numbered


def _kind(step: Step) -> str:
    match step:
        case PromptStep():
            return "prompt"
        case CallStep():
            return f"call {one_line(step.function)}"
        case ApprovalStep():
            return "approval"
        case ParallelStep():
            return "parallel"
        case _:
            assert_never(step)


def _ended(results: Sequence[StepResult]) -> int:
    return sum(one.status is not StepStatus.FAILED for one in results)


def _result(one: StepResult) -> str:
    said = printable(one.error or one.output)
    return f"[{one_line(one.step)}: {one.status}]" + (f" {said}" if said else "")

"""Pages about workflows and their runs, as a terminal shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Wording:
    """How a surface speaks of runs: what it calls one, and its commands about them.

    ``decide`` is what decides about a run that waits, before the run's name; where there is none, the
    surface asks by itself.
    """

    run: str
    begin: str
    decide: tuple[str, str] | None = None


COMMAND_LINE = Wording("checkpoint", "parley workflow run NAME --checkpoint NAME")
CHAT = Wording("run", "/workflow run NAME", ("/workflow approve", "/workflow refuse"))


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


def workflow(
    found: Workflow, checkpoints: Sequence[Checkpoint] = (), wording: Wording = COMMAND_LINE
) -> str:
    """A workflow with its steps, and its runs."""
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
    return f"{page}\n\n{wording.run.capitalize()}s: {names}"


def runs(found: Sequence[Checkpoint], wording: Wording = COMMAND_LINE) -> str:
    """The runs, the last saved first."""
    named = wording.run.capitalize()
    if not found:
        return f"📋 There are no {wording.run}s. A run leaves one: {wording.begin}"
    rows = [
        (one.name, one.workflow, str(one.status), str(_ended(one.results)), second(one.saved_at))
        for one in found
    ]
    table = draw((named, "Workflow", "Status", "Steps", "Saved"), rows, (20, 16, 8, 5, 19))
    return f"📋 {named}s:\n\n{table}\n\nTotal: {counted(len(found), wording.run)}"


def run(found: Checkpoint, question: str, wording: Wording = COMMAND_LINE, *, known: bool) -> str:
    """A run with the results of its steps; ``known``: its definition is there and unchanged."""
    named = wording.run.capitalize()
    rows = [
        (named, found.name),
        ("Workflow", found.workflow + ("" if known else " (changed or gone)")),
        ("Status", str(found.status)),
        ("Saved", second(found.saved_at)),
        ("Fingerprint", found.fingerprint),
        *((f"Variable {name}", shorten(value, _WIDTH)) for name, value in found.variables),
    ]
    parts = [f"📊 {named}: {one_line(found.name)}\n\n{properties(rows)}"]
    if found.results:
        told = "\n".join(f"{_RULE}\n{_result(one)}" for one in found.results)
        parts.append(f"Results:\n{told}\n{_RULE}")
    if question:
        parts.append(f"Waits for a decision: {printable(question)}")
        if wording.decide is not None:
            parts.append(how_to_decide(found.name, wording.decide))
    return "\n\n".join(parts)


def how_to_decide(name: str, decide: tuple[str, str]) -> str:
    """What to say to a run that waits."""
    approve, refuse = (f"{command} {one_line(name)}" for command in decide)
    return f"To go on: {approve}\nTo end it: {refuse}"


def confirm_delete(found: Checkpoint, wording: Wording = COMMAND_LINE) -> str:
    """What is asked before a run is deleted."""
    return (
        f"⚠️  Delete {wording.run} '{one_line(found.name)}'?\n"
        "The run cannot be resumed then, and the results of its steps are lost."
    )


def deleted(found: Checkpoint, wording: Wording = COMMAND_LINE) -> str:
    """A run that is gone."""
    return f"🗑️  {wording.run.capitalize()} '{one_line(found.name)}' deleted successfully."


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

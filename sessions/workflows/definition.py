"""What a workflow is: its steps, its variables, and the fingerprint of both."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

STEP_TIMEOUT = timedelta(minutes=10)
"""How long a prompt or a function may take where its step says nothing."""

Scalar = str | int | float | bool
Record = dict[str, "Value"]
Value = Scalar | None | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard a step is tried: ``retries`` after the first try, each for at most ``timeout``."""

    retries: int = 0
    timeout: timedelta = STEP_TIMEOUT


@dataclass(frozen=True, slots=True)
class PromptStep:
    """Asks the model. Empty ``model`` and ``system`` leave them to the deployment."""

    name: str
    prompt: str
    when: str = ""
    model: str = ""
    system: str = ""
    effort: Effort = Effort()


@dataclass(frozen=True, slots=True)
class CallStep:
    """Calls a registered function; the texts among its arguments are templates."""

    name: str
    function: str
    arguments: tuple[tuple[str, Scalar], ...] = ()
    when: str = ""
    effort: Effort = Effort()


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """Waits for a person's yes to the question."""

    name: str
    question: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class ParallelStep:
    """Does its steps at once. Its output is theirs, one below the other."""

    name: str
    steps: tuple[PromptStep | CallStep, ...]
    when: str = ""


WorkStep = PromptStep | CallStep
Step = PromptStep | CallStep | ApprovalStep | ParallelStep


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a run may be given; without a default it must be."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Workflow:
    """Steps under a name. The names of all steps, those inside parallel ones too, are different."""

    name: str
    steps: tuple[Step, ...]
    variables: tuple[Variable, ...] = ()
    description: str = ""


def every_step(workflow: Workflow) -> Iterator[tuple[Step, bool]]:
    """Yield all steps in order, each with whether it is inside a parallel one."""
    for step in workflow.steps:
        yield step, False
        if isinstance(step, ParallelStep):
            for inner in step.steps:
                yield inner, True


def step_named(workflow: Workflow, name: str) -> Step | None:
    """Return the step of that name."""
    return next((step for step, _ in every_step(workflow) if step.name == name), None)


def fingerprint(workflow: Workflow) -> str:
    """Return 12 hex digits of what the workflow does; its name and description do not count."""
    record = as_record(workflow)
    does = json.dumps([record["variables"], record["steps"]], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(does.encode()).hexdigest()[:12]


def as_record(workflow: Workflow) -> Record:
    """Return the definition in the form of a file, all that is left out of it included."""
    return {
        "name": workflow.name,
        "description": workflow.description,
        "variables": {one.name: one.default for one in workflow.variables},
        "steps": [_step_record(step) for step in workflow.steps],
    }


def _step_record(step: Step) -> Record:
    record: Record = {"name": step.name, "if": step.when}
    match step:
        case PromptStep():
            record |= {"prompt": step.prompt, "model": step.model, "system": step.system}
            return record | _effort_record(step.effort)
        case CallStep():
            record |= {"call": step.function, "with": dict(step.arguments)}
            return record | _effort_record(step.effort)
        case ApprovalStep():
            return record | {"approval": step.question}
        case ParallelStep():
            return record | {"parallel": [_step_record(inner) for inner in step.steps]}


def _effort_record(effort: Effort) -> Record:
    return {"retries": effort.retries, "timeout": effort.timeout.total_seconds()}

"""What the commands about workflows come to: values that every surface renders in its own idiom."""

from dataclasses import dataclass

from sessions.ports.checkpoints import Checkpoint
from sessions.workflows.definition import Workflow


@dataclass(frozen=True, slots=True)
class WorkflowsListed:
    """The workflows by name, what is wrong with other files, and the runs, the last saved first."""

    workflows: tuple[Workflow, ...]
    broken: tuple[str, ...]
    runs: tuple[Checkpoint, ...]


@dataclass(frozen=True, slots=True)
class WorkflowShown:
    """A workflow, and its runs that the person may see."""

    workflow: Workflow
    runs: tuple[Checkpoint, ...]


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run, what it follows (None where that is gone), and what it asks while it waits."""

    run: Checkpoint
    workflow: Workflow | None
    question: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmDeleteRun:
    """The person may delete the run and has to say so once more."""

    run: Checkpoint


@dataclass(frozen=True, slots=True)
class RunDeleted:
    """The run as it was; nothing of it is left."""

    run: Checkpoint


@dataclass(frozen=True, slots=True)
class RunKept:
    """The person took a delete back."""

    run: Checkpoint


WorkflowOutcome = WorkflowsListed | WorkflowShown | RunShown | ConfirmDeleteRun | RunDeleted | RunKept

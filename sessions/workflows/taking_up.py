"""How runs begin and how they are taken up again: names, variables, definitions and rights to go on."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sessions.errors import RunTaken, UsageError, WorkflowChanged
from sessions.model import Audience, PersonId
from sessions.names import parse_name
from sessions.ports.checkpoints import Checkpoint, RunStatus, StepResult, StepStatus
from sessions.workflows.definition import CallStep, Workflow, every_step, fingerprint
from sessions.workflows.reading import stored
from sessions.workflows.runs import Logbook, Run
from sessions.workflows.work import Functions, unregistered

LONGEST_VALUE = 100_000
"""Characters of a variable's value."""
LONGEST_NAME = 57
_OVER = (RunStatus.DONE, RunStatus.REFUSED)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose run it is, and the turn that begins it, if one does."""

    audience: Audience
    starter: PersonId
    turn: str = ""


def begun_by(checkpoint: Checkpoint) -> str:
    """Return the turn that began the run; "" for programs."""
    return checkpoint.taken_by.partition("|")[0]


def taken_by(checkpoint: Checkpoint) -> str:
    """Return the turn that was the last to go on with the run; "" for programs."""
    return checkpoint.taken_by.rpartition("/")[0].rpartition("|")[2]


def automatic_run_name(workflow: str, of: str = "") -> str:
    """Return a name for a run that nobody named: the same for the same ``of``."""
    mark = hashlib.sha256(of.encode()).hexdigest()[:6] if of else os.urandom(3).hex()
    return parse_name(f"{workflow[:LONGEST_NAME]}-{mark}", "run")


def check_functions(workflow: Workflow, functions: Functions, results: Sequence[StepResult] = ()) -> None:
    """Raise UsageError when a step without a good result calls what is not registered."""
    done = {one.step for one in results if one.status is not StepStatus.FAILED}
    for step, _ in every_step(workflow):
        if isinstance(step, CallStep) and step.name not in done and step.function not in functions:
            raise UsageError(unregistered(step, functions))


def values(workflow: Workflow, given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables of a run. Raises UsageError for unknown and for missing ones."""
    known = {one.name for one in workflow.variables}
    for name, value in given.items():
        if name not in known:
            there = f"There are: {', '.join(sorted(known))}." if known else "It has none."
            raise UsageError(f"The workflow “{workflow.name}” has no variable “{name}”. {there}")
        if len(value) > LONGEST_VALUE:
            raise UsageError(f"The variable “{name}” is too long: at most {LONGEST_VALUE:,} characters.")
    wanted: dict[str, str | None] = {one.name: one.default for one in workflow.variables}
    found: list[tuple[str, str]] = []
    for name, filled in {**wanted, **given}.items():
        if filled is None:
            raise UsageError(f"The workflow “{workflow.name}” needs a value for “{name}”: {name}=…")
        found.append((name, filled))
    return tuple(found)


async def check_free(logbook: Logbook, name: str, audience: Audience) -> Checkpoint | None:
    """Return the finished run that a new one of that name replaces. Raises RunTaken, InvalidName."""
    there = await logbook.find(parse_name(name, "run"))
    if there is None:
        return None
    if there.audience != audience:
        raise RunTaken("That name cannot be used here. Take another one.")
    if there.status not in _OVER:
        raise RunTaken(
            f"There is a run “{there.name}” that is not done. Resume it, delete it, "
            "or give the new one another name."
        )
    return there


async def begin(
    logbook: Logbook,
    workflow: Workflow,
    name: str,
    given: Mapping[str, str],
    owner: Owner,
    *,
    waiting_for: str = "",
) -> Run:
    """Save the checkpoint of a new run; one that waits at once is a plan, whose definition is kept too.

    Raises RunTaken, InvalidName, UsageError.
    """
    variables = values(workflow, given)
    there = await check_free(logbook, name, owner.audience)
    checkpoint = Checkpoint(
        name=parse_name(name, "run"),
        workflow=workflow.name,
        fingerprint=fingerprint(workflow),
        saved_at=logbook.clock(),
        audience=owner.audience,
        starter=owner.starter,
        status=RunStatus.WAITING if waiting_for else RunStatus.RUNNING,
        variables=variables,
        waiting_for=waiting_for,
        definition=stored(workflow) if waiting_for else "",
        revision=there.revision + 1 if there else 1,
        taken_by=_token(owner.turn, owner.turn),
    )
    return Run(logbook, workflow, await logbook.put(checkpoint))


async def take_up(
    logbook: Logbook,
    workflow: Workflow,
    checkpoint: Checkpoint,
    *,
    turn: str = "",
    given: Mapping[str, str] | None = None,
    rebase: bool = False,
    approve: bool | None = None,
) -> Run:
    """Go on with a run: whoever did before cannot save any more. Steps that failed are due again.

    ``turn`` is the one that goes on with it, if one does. ``approve`` answers the question that the run
    waits with. Raises RunTaken, WorkflowChanged, UsageError.
    """
    if checkpoint.status in _OVER:
        raise UsageError(f"The run “{checkpoint.name}” is over: {checkpoint.status}. Begin a new one.")
    changed = _rebased(workflow, checkpoint, given or {}, rebase=rebase)
    kept = tuple(one for one in changed.results if one.status is not StepStatus.FAILED)
    changed = replace(
        changed, results=kept, status=RunStatus.RUNNING, taken_by=_token(begun_by(checkpoint), turn)
    )
    if approve is not None:
        changed = _decided(changed, approve=approve)
    following = replace(changed, waiting_for="", revision=checkpoint.revision + 1)
    return Run(logbook, workflow, await logbook.put(following))


def check_unchanged(workflow: Workflow, checkpoint: Checkpoint) -> None:
    """Raise WorkflowChanged when the definition is not the one that the run began with."""
    if fingerprint(workflow) != checkpoint.fingerprint:
        raise WorkflowChanged(
            f"The workflow “{workflow.name}” was changed since the run “{checkpoint.name}” began. "
            "Put its file back, begin a new run, or resume with “rebase”: that keeps what is done and "
            "goes on with the steps as they are now."
        )


def _token(begun: str, turn: str) -> str:
    """Name two turns, and what no other process has: a turn that is repeated finds what it did."""
    return f"{begun}|{turn}/{os.urandom(8).hex()}"


def _rebased(
    workflow: Workflow, checkpoint: Checkpoint, given: Mapping[str, str], *, rebase: bool
) -> Checkpoint:
    before = dict(checkpoint.variables)
    if not rebase:
        check_unchanged(workflow, checkpoint)
        for name, value in given.items():
            if before.get(name) != value:
                raise UsageError(
                    f"The run “{checkpoint.name}” began with another “{name}”. Leave it out, "
                    "begin a new run, or resume with “rebase” to change it for the steps that follow."
                )
        return checkpoint
    known = {one.name for one in workflow.variables}
    steps = {step.name for step, _ in every_step(workflow)}
    kept = {name: value for name, value in before.items() if name in known}
    return replace(
        checkpoint,
        fingerprint=fingerprint(workflow),
        variables=values(workflow, {**kept, **given}),
        results=tuple(one for one in checkpoint.results if one.step in steps),
        approved=tuple(one for one in checkpoint.approved if one in steps),
    )


def _decided(checkpoint: Checkpoint, *, approve: bool) -> Checkpoint:
    if approve:
        return replace(checkpoint, approved=(*checkpoint.approved, checkpoint.waiting_for))
    refused = StepResult(checkpoint.waiting_for, StepStatus.REFUSED)
    return replace(checkpoint, status=RunStatus.REFUSED, results=(*checkpoint.results, refused))

"""Plans: made by the model for what a person asks for, approved by the person, run as workflows."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from sessions.errors import UserError
from sessions.model import Message, Usage
from sessions.ports.checkpoints import Checkpoint
from sessions.ports.model import ChatModel
from sessions.window import RecentMessages
from sessions.workflows.definition import ApprovalStep, PromptStep, Variable, Workflow
from sessions.workflows.planner import MOST_STEPS, PLANNER
from sessions.workflows.work import ask

GO_AHEAD = "go-ahead"
"""The first step of every plan: a person's yes."""
PLAN = "plan"
LONGEST_STEP = 2_000
"""Characters of a step; the rest of one is left out."""

_MOST_BRACKETS = 50
"""So many are tried for the beginning of the JSON."""
_NUMBERED = re.compile(r"^ {0,3}(?:\*\*)?\d{1,2}[.):](?:\*\*)? +(?P<text>\S.*)$")
_BULLET = re.compile(r"^ {0,3}[-*•] +(?P<text>\S.*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6} +(?:step )?\d{1,2}[.):]? *(?P<text>\S.*)$", re.IGNORECASE)
_STEP_KEYS = ("step", "title", "description", "text", "task")


async def make_plan(
    model: ChatModel, asked: Message, recent: Sequence[Message], name: str
) -> tuple[tuple[str, ...], Usage]:
    """Return the steps for what a person asked after those messages; ``name`` is the model's or "".

    Raises ModelError, and UserError where the answer holds no plan.
    """
    window = RecentMessages(recent)
    prompt = window.prompt(system=PLANNER, budget=model.context_tokens // 2, question=asked, model=name)
    answer, usage = await ask(model, prompt)
    steps = parse_plan(answer)
    if not steps:
        raise UserError(
            "The model made no plan for that. Say more exactly what is to come of it, and try again."
        )
    return steps, usage


def parse_plan(answer: str) -> tuple[str, ...]:
    """Return at most MOST_STEPS steps of an answer: of its JSON, its numbered list, or its bullets."""
    found = next((steps for steps in _readings(answer) if steps), ())
    return tuple(one[:LONGEST_STEP] for one in found[:MOST_STEPS])


def as_workflow(steps: Sequence[str]) -> tuple[Workflow, dict[str, str]]:
    """Return the workflow of a plan without its goal, and its variables' values.

    What the model and the person wrote are values: nothing in them is taken for a template.
    """
    names = [f"step_{number}" for number in range(1, len(steps) + 1)]
    whole = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    work = tuple(PromptStep(_step_name(number), _prompt(number)) for number in range(1, len(steps) + 1))
    variables = tuple(Variable(name, None) for name in ("goal", "plan", *names))
    approval = ApprovalStep(GO_AHEAD, "{{ plan }}\n\nShall I do these steps?")
    values = {"plan": whole, **dict(zip(names, steps, strict=True))}
    return Workflow(PLAN, (approval, *work), variables), values


def titles(checkpoint: Checkpoint) -> Mapping[str, str]:
    """Return what the steps of a plan are called where people read them; nothing for other runs."""
    if not checkpoint.definition:
        return {}
    texts = {name: text for name, text in checkpoint.variables if name.startswith("step_")}
    numbered = {
        _step_name(number): f"{number}. {texts[f'step_{number}']}" for number in range(1, len(texts) + 1)
    }
    return {GO_AHEAD: "Go ahead", **numbered}


def _step_name(number: int) -> str:
    return f"step-{number}"


def _prompt(number: int) -> str:
    before = "".join(
        f"Result of step {earlier}:\n\n{{{{ steps.{_step_name(earlier)}.output }}}}\n\n"
        for earlier in range(1, number)
    )
    return (
        f"The goal:\n\n{{{{ goal }}}}\n\nThe plan:\n\n{{{{ plan }}}}\n\n{before}"
        f"Do step {number} and no other: {{{{ step_{number} }}}}"
    )


def _readings(answer: str) -> Iterator[tuple[str, ...]]:
    yield _from_json(answer)
    for beginning in (_NUMBERED, _HEADING, _BULLET):
        yield _from_list(answer, beginning)


def _from_json(answer: str) -> tuple[str, ...]:
    decoder = json.JSONDecoder()
    for found in itertools.islice(re.finditer(r"[\[{]", answer), _MOST_BRACKETS):
        try:
            value, _ = decoder.raw_decode(answer, found.start())
        except (ValueError, RecursionError):
            continue
        steps = _steps_in(value)
        if steps:
            return steps
    return ()


def _steps_in(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):
        value = value.get("steps") or value.get("plan")
    if not isinstance(value, list):
        return ()
    return tuple(filter(None, map(_step_text, value)))


def _step_text(item: object) -> str:
    if isinstance(item, dict):
        item = ": ".join(str(item[key]) for key in _STEP_KEYS if isinstance(item.get(key), str))
    return " ".join(item.split()) if isinstance(item, str) else ""


def _from_list(answer: str, beginning: re.Pattern[str]) -> tuple[str, ...]:
    steps: list[str] = []
    for line in answer.splitlines():
        if found := beginning.match(line):
            steps.append(found["text"])
        elif steps and line.startswith((" ", "\t")) and line.strip():
            steps[-1] += f" {line.strip()}"
    return tuple(" ".join(one.replace("**", "").split()) for one in steps)

"""Reads a definition strictly: whatever it does not understand is an error that says what to write."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from sessions.errors import InvalidName, InvalidWorkflow
from sessions.names import parse_name
from sessions.workflows.conditions import ConditionError, parse_condition
from sessions.workflows.definition import (
    STEP_TIMEOUT,
    ApprovalStep,
    CallStep,
    Effort,
    ParallelStep,
    PromptStep,
    Scalar,
    Step,
    Variable,
    Workflow,
    WorkStep,
    as_record,
)
from sessions.workflows.templates import (
    STEP_NAME,
    STEPS,
    VARIABLE_NAME,
    TemplateError,
    parse_path,
    paths,
)

LARGEST = 256 * 1024
"""Bytes of a definition."""
MOST_STEPS = 100
MOST_AT_ONCE = 20
MOST_RETRIES = 10
LONGEST_TIMEOUT = timedelta(days=1)

_KEYS = ("name", "description", "variables", "steps")
_EFFORT = ("retries", "timeout")
_KINDS = {
    "prompt": ("model", "system", *_EFFORT),
    "call": ("with", *_EFFORT),
    "approval": (),
    "parallel": (),
}
_STEP = f"- name: build\n    prompt: What to do, with {{{{ {STEPS}.other.output }}}}"


def read_yaml(text: str, origin: str, default_name: str) -> Workflow:
    """Return the workflow that a file defines. Raises InvalidWorkflow."""
    from sessions.workflows.yaml import load  # takes 30 ms to import

    return _Reader(origin).workflow(load(text, origin), default_name)


def read_stored(text: str, origin: str) -> Workflow:
    """Return the workflow that :func:`stored` made a text of. Raises InvalidWorkflow."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidWorkflow(f"{origin} cannot be read: {error}") from error
    return _Reader(origin).workflow(found, "plan")


def stored(workflow: Workflow) -> str:
    """Return a text from which :func:`read_stored` makes the same workflow."""
    return json.dumps(as_record(workflow), ensure_ascii=False)


class _Reader:
    """Reads one definition; errors begin with where they are."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._where = ""
        self._names: list[str] = []
        """The steps that a step may refer to."""
        self._taken: set[str] = set()
        self._variables: tuple[Variable, ...] = ()

    def workflow(self, found: object, default_name: str) -> Workflow:
        record = self._record(found, "a workflow", _KEYS)
        name = self._workflow_name(self._text(record, "name") or default_name)
        self._variables = self._read_variables(record.get("variables"))
        steps = self._list(record.get("steps"), "steps", MOST_STEPS)
        read = tuple(self._step(one, f"step {n}") for n, one in enumerate(steps, 1))
        self._where = ""
        if len(self._taken) > MOST_STEPS:
            raise self._wrong(f"it has more than {MOST_STEPS} steps. Divide it.")
        return Workflow(name, read, self._variables, self._text(record, "description"))

    def _workflow_name(self, text: str) -> str:
        try:
            return parse_name(text, "workflow")
        except InvalidName as error:
            raise self._wrong(str(error)) from error

    def _read_variables(self, found: object) -> tuple[Variable, ...]:
        if found is None:
            return ()
        if not isinstance(found, dict):
            raise self._wrong("“variables” must be names with defaults, as in “environment: staging”.")
        return tuple(self._variable(name, default) for name, default in found.items())

    def _variable(self, name: object, default: object) -> Variable:
        if not isinstance(name, str) or not re.fullmatch(VARIABLE_NAME, name) or name == STEPS:
            raise self._wrong(
                f"“{name}” is no name of a variable. Use letters, digits and _: release_notes"
            )
        return Variable(name, None if default is None else as_text(self._scalar(default, name)))

    def _step(self, found: object, where: str) -> Step:
        step = self._one(found, where)
        inner = step.steps if isinstance(step, ParallelStep) else ()
        self._names += [one.name for one in (*inner, step)]
        return step

    def _one(self, found: object, where: str) -> Step:
        self._where = where
        kinds = [kind for kind in _KINDS if isinstance(found, dict) and kind in found]
        if len(kinds) != 1:
            several = f"it has {' and '.join(kinds)}" if kinds else "it says not what to do"
            raise self._wrong(f"{several}. Give it one of: {', '.join(_KINDS)}. For example:\n  {_STEP}")
        record = self._record(found, "a step", ("name", "if", kinds[0], *_KINDS[kinds[0]]))
        name = self._step_name(record, where)
        when = self._condition(record.get("if"))
        match kinds[0]:
            case "prompt":
                return self._prompt(record, name, when)
            case "call":
                return self._call(record, name, when)
            case "approval":
                return ApprovalStep(name, self._template(record, "approval"), when)
            case _:
                return self._parallel(record, name, when, where)

    def _prompt(self, record: Mapping[str, object], name: str, when: str) -> PromptStep:
        prompt = self._template(record, "prompt")
        system = self._checked(self._text(record, "system"), "system")
        return PromptStep(name, prompt, when, self._text(record, "model"), system, self._effort(record))

    def _call(self, record: Mapping[str, object], name: str, when: str) -> CallStep:
        given = record.get("with") or {}
        if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
            raise self._wrong("“with” must be names with values, as in “target: staging”.")
        arguments = tuple((key, self._scalar(value, key)) for key, value in given.items())
        for key, value in arguments:
            if not key.isidentifier():
                raise self._wrong(f"“{key}” is no name of an argument. Use letters, digits and _.")
            self._checked(value, key) if isinstance(value, str) else None
        function = self._text(record, "call")
        if not function:
            raise self._wrong("“call” is empty. Give the name of a registered function.")
        return CallStep(name, function, arguments, when, self._effort(record))

    def _parallel(self, record: Mapping[str, object], name: str, when: str, where: str) -> ParallelStep:
        inner: list[WorkStep] = []
        for number, one in enumerate(self._list(record["parallel"], "parallel", MOST_AT_ONCE), 1):
            step = self._one(one, f"{where}, step {number} in it")
            if isinstance(step, ApprovalStep | ParallelStep):
                raise self._wrong(
                    "inside “parallel” there can be prompts and calls only. Put it before or after."
                )
            inner.append(step)
        return ParallelStep(name, tuple(inner), when)

    def _step_name(self, record: Mapping[str, object], where: str) -> str:
        name = self._text(record, "name")
        if not name:
            raise self._wrong("it has no name. Add for example: name: build")
        if not re.fullmatch(STEP_NAME, name):
            raise self._wrong(
                f"“{name}” is no name of a step. Begin with a letter and go on with letters, digits, - "
                "and _, at most 64, for example: run-tests"
            )
        self._where = f"{where} (“{name}”)"
        if name in self._taken:
            raise self._wrong("there is a step of that name before it. Give every step its own.")
        self._taken.add(name)
        return name

    def _condition(self, found: object) -> str:
        if found is None or found == "":
            return ""
        if not isinstance(found, str | bool):
            raise self._wrong("“if” must be a text, for example: environment == 'production'")
        text = as_text(found)
        try:
            named = parse_condition(text).paths
        except ConditionError as error:
            raise self._wrong(f"“if”: {error}") from error
        self._check_paths(named, "if")
        return text

    def _template(self, record: Mapping[str, object], key: str) -> str:
        text = self._text(record, key)
        if not text.strip():
            raise self._wrong(f"“{key}” is empty. Write a text there.")
        return self._checked(text, key)

    def _checked(self, text: str, key: str) -> str:
        try:
            self._check_paths(paths(text), key)
        except TemplateError as error:
            raise self._wrong(f"“{key}”: {error}") from error
        return text

    def _check_paths(self, named: Iterable[str], key: str) -> None:
        known = {one.name for one in self._variables}
        for path in named:
            name, of_step = parse_path(path)
            if of_step and name not in self._names:
                before = f"There are: {', '.join(self._names)}." if self._names else "It is the first."
                raise self._wrong(f"“{key}”: no step “{name}” ends before this one. {before}")
            if not of_step and name not in known:
                raise self._wrong(
                    f"“{key}”: there is no variable “{name}”. {_meant(name, known)} "
                    "Name it under “variables:”, with a default or with nothing behind the colon."
                )

    def _effort(self, record: Mapping[str, object]) -> Effort:
        retries, seconds = record.get("retries"), record.get("timeout")
        if retries is not None and (type(retries) is not int or not 0 <= retries <= MOST_RETRIES):
            raise self._wrong(f"“retries” must be a number from 0 to {MOST_RETRIES}.")
        most = LONGEST_TIMEOUT.total_seconds()
        if seconds is None:
            return Effort(retries or 0, STEP_TIMEOUT)
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= most:
            raise self._wrong(f"“timeout” must be a number of seconds, more than 0, at most {most:.0f}.")
        return Effort(retries or 0, timedelta(seconds=seconds))

    def _record(self, found: object, what: str, keys: tuple[str, ...]) -> Mapping[str, object]:
        if not isinstance(found, dict):
            raise self._wrong(f"{what} has the keys {', '.join(keys)}, each with a colon behind it.")
        for key in found:
            if key not in keys:
                raise self._wrong(f"{what} has no key “{key}”. {_meant(str(key), keys)}")
        return found

    def _list(self, found: object, key: str, most: int) -> list[object]:
        if not isinstance(found, list) or not found:
            raise self._wrong(f"“{key}” must be a list of steps. For example:\n{key}:\n  {_STEP}")
        if len(found) > most:
            raise self._wrong(f"“{key}” has {len(found)} steps; at most {most} are allowed.")
        return found

    def _text(self, record: Mapping[str, object], key: str) -> str:
        found = record.get(key)
        if found is None:
            return ""
        if not isinstance(found, str):
            raise self._wrong(f"“{key}” must be a text. Put it in quotes: {key}: '{found}'")
        return found

    def _scalar(self, found: object, name: str) -> Scalar:
        if isinstance(found, str | int | float | bool):
            return found
        raise self._wrong(f"the value of “{name}” must be a text or a number. Put it in quotes.")

    def _wrong(self, text: str) -> InvalidWorkflow:
        return InvalidWorkflow(f"{', '.join(filter(None, (self._origin, self._where)))}: {text}")


def as_text(value: Scalar) -> str:
    """Return a value as it stands in a text; yes and no as YAML writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"Did you mean “{near[0]}”?"
    there = ", ".join(sorted(known))
    return f"There are: {there}." if there else "There are none."

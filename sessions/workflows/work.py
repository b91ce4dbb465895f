"""Does one prompt or one call: again where it failed, and never for longer than its step allows."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import aclosing
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import assert_never

from sessions.errors import ModelDown, ModelError, UserError
from sessions.incidents import report
from sessions.model import Role, Usage
from sessions.ports.model import ChatModel, CutBy, Done, Prompt, PromptMessage, Restart, Text
from sessions.window import estimate_prompt, estimate_tokens
from sessions.workflows.definition import CallStep, PromptStep, WorkStep
from sessions.workflows.planner import STEP_SYSTEM
from sessions.workflows.templates import Scope, TemplateError, render

LONGEST_OUTPUT = 200_000
"""Characters that a step may come to."""
_SHORTEST = 200
_LONGEST_PAUSE = 30.0
_CUT = {
    CutBy.LENGTH: "(The answer ends here: it reached the model's length limit.)",
    CutBy.FILTER: "(The answer ends here: the model's content filter cut it.)",
}

Function = Callable[..., object]
"""A registered function, plain or async; plain ones run in a thread."""
Functions = Mapping[str, Function]
ModelSource = Callable[[], Awaitable[ChatModel]]


class StepFailed(Exception):
    """A step came to nothing; the text may be shown. ``again``: another try may help."""

    def __init__(self, text: str, *, again: bool = False) -> None:
        super().__init__(text)
        self.again = again


@dataclass(frozen=True, slots=True)
class Habits:
    """What a run does where its steps say nothing: the model, and what that is told first.

    ``explain`` tells an error of a function that nobody foresaw. ``pause`` is the time before the second
    try of a step; each further one is twice as long. ``shorten`` leaves out the ends of long results
    where a prompt would not fit the model otherwise.
    """

    model: str = ""
    system: str = ""
    pause: timedelta = timedelta(seconds=1)
    shorten: bool = False
    explain: Callable[[Exception], str] = lambda error: f"{type(error).__qualname__}: {error}"


def explain_by_incident(_: Exception) -> str:
    """Tell only where to look: an error's own text may hold what the people of a chat must not see."""
    return f"Something failed (incident {report('workflow.function_failed')})."


class Worker:
    """Does the steps of one run and adds up what they used."""

    def __init__(self, models: ModelSource, functions: Functions, habits: Habits) -> None:
        self._models = models
        self._functions = functions
        self._habits = habits
        self.usage = Usage()

    async def do(self, step: WorkStep, scope: Scope) -> str:
        """Return what the step comes to. Raises StepFailed after its last try."""
        tried = 0
        while True:
            try:
                return await self._in_time(step, scope)
            except StepFailed as failure:
                if not failure.again or tried >= step.effort.retries:
                    raise
            await asyncio.sleep(min(self._habits.pause.total_seconds() * 2**tried, _LONGEST_PAUSE))
            tried += 1

    async def _in_time(self, step: WorkStep, scope: Scope) -> str:
        seconds = step.effort.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds) as timer:
                output = await self._once(step, scope)
        except TimeoutError as error:
            if not timer.expired():
                raise
            raise StepFailed(
                f"It took longer than {seconds:g} s. Give the step a larger “timeout”, or less to do.",
                again=True,
            ) from error
        except TemplateError as error:
            raise StepFailed(f"Its text cannot be filled: {error}") from error
        if len(output) > LONGEST_OUTPUT:
            raise StepFailed(f"It came to more than {LONGEST_OUTPUT:,} characters: too long to be kept.")
        return output

    async def _once(self, step: WorkStep, scope: Scope) -> str:
        match step:
            case PromptStep():
                return await self._ask(step, scope)
            case CallStep():
                return await self._call(step, scope)
            case _:
                assert_never(step)

    async def _ask(self, step: PromptStep, scope: Scope) -> str:
        model = await self._models()
        prompt = self._prompt(step, scope)
        longest = LONGEST_OUTPUT
        while self._habits.shorten and longest > _SHORTEST and _is_too_long(prompt, model):
            longest //= 2
            prompt = self._prompt(step, scope.shortened(longest))
        try:
            text, usage = await ask(model, prompt)
        except ModelError as error:
            raise StepFailed(str(error), again=isinstance(error, ModelDown)) from error
        self.usage = added(self.usage, usage)
        if not text.strip():
            raise StepFailed("The model gave an empty answer.", again=True)
        return text

    def _prompt(self, step: PromptStep, scope: Scope) -> Prompt:
        system = render(step.system, scope) or _paragraphs(self._habits.system, STEP_SYSTEM)
        question = PromptMessage(Role.USER, render(step.prompt, scope))
        return Prompt((PromptMessage(Role.SYSTEM, system), question), step.model or self._habits.model)

    async def _call(self, step: CallStep, scope: Scope) -> str:
        function = self._functions.get(step.function)
        if function is None:
            raise StepFailed(unregistered(step, self._functions))
        arguments = {
            name: render(value, scope) if isinstance(value, str) else value
            for name, value in step.arguments
        }
        try:
            if inspect.iscoroutinefunction(function):
                result = await function(**arguments)
            else:
                result = await _in_thread(lambda: function(**arguments))
            return _as_output(result)
        except UserError as error:
            raise StepFailed(str(error), again=True) from error
        except Exception as error:
            raise StepFailed(self._habits.explain(error), again=True) from error


async def _in_thread(function: Callable[[], object]) -> object:
    """Call it in a thread that a program which ends does not wait for, unlike those of an executor."""
    done: Future[object] = Future()

    def run() -> None:
        try:
            done.set_result(function())
        except StopIteration as error:  # no future takes it
            done.set_exception(RuntimeError(str(error)))
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            done.set_exception(error)

    done.set_running_or_notify_cancel()
    Thread(target=copy_context().run, args=(run,), name="workflow-function", daemon=True).start()
    return await asyncio.wrap_future(done)


async def ask(model: ChatModel, prompt: Prompt) -> tuple[str, Usage]:
    """Return the model's whole answer and what it used. Raises ModelError."""
    text, used = "", None
    async with aclosing(model.stream(prompt)) as pieces:
        async for piece in pieces:
            match piece:
                case Text(more):
                    text += more
                case Restart():
                    text = ""
                case Done(usage, cut):
                    used = usage
                    text = _paragraphs(text, _CUT[cut]) if cut else text
    return text, used or Usage(estimate_prompt(prompt), estimate_tokens(text), estimated=True)


def added(one: Usage, other: Usage) -> Usage:
    """Return what both used together."""
    return Usage(
        one.prompt + other.prompt,
        one.completion + other.completion,
        estimated=one.estimated or other.estimated,
    )


def unregistered(step: CallStep, functions: Functions) -> str:
    """Say that a step's function is not there, and which are."""
    there = f"There are: {', '.join(sorted(functions))}." if functions else "None are registered."
    return (
        f"The step “{step.name}” calls “{step.function}”, which is not registered. {there} Name its "
        "module with --functions or PARLEY_WORKFLOW_FUNCTIONS; a Python program registers it."
    )


def _is_too_long(prompt: Prompt, model: ChatModel) -> bool:
    return estimate_prompt(prompt) > model.context_tokens * 3 // 4  # the rest is for the answer


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))


def _as_output(result: object) -> str:
    if result is None:
        return ""
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)

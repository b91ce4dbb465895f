"""The command that a prompt stands for: ``parley "What is Python?" --session learning``."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

import typer

from bots.terminal import pages
from bots.terminal.conversation import Conversation, Left
from bots.terminal.pages import counted
from bots.terminal.plain import one_line
from bots.terminal.presenters import PlainPresenter, Presenter, SilentPresenter
from cli import output, piped
from cli.again import Again
from cli.chat import use_session
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.plain_values import PlainCommand
from cli.wiring import open_conversation, open_desk
from sessions.errors import UsageError
from sessions.model import Answer, Ask, Ending
from sessions.ports.turns import Accepted

app = typer.Typer(name="ask", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

_EXIT_CODES = {Ending.ANSWERED: 0, Ending.STOPPED: 130}
_SEPARATOR = "--- From standard input: ---"


@dataclass(slots=True)
class _Asked:
    """What is asked, and what becomes of it. An empty text asks the last one again."""

    text: str
    header: bool
    again: Again
    answer: Answer = field(default=Answer(Ending.INTERRUPTED))

    def accepted(self, accepted: Accepted) -> None:
        """Print the header: the session, and how many messages the person said, this one included."""
        self.again.session = accepted.session.name
        if self.header:
            count = accepted.session.tally.user_messages + accepted.ahead + bool(self.text)
            with suppress(OSError):  # the answer is wanted all the same; printing it fails again
                output.say(f"📂 Session: {one_line(self.again.session)} ({counted(count, 'message')})\n")
                sys.stdout.flush()


@app.command("ask", cls=PlainCommand)
def ask(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROMPT]", show_default=False, help="In quotes; - is standard input."),
    ] = None,
    session: Annotated[
        str | None,
        typer.Option(
            "--session", metavar="NAME", show_default=False, help="Where; started if it is new."
        ),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Ask the last prompt again.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Say something in a session and print the answer; without --session, in the one used last.

    Text that is piped in is what the prompt is about; without a prompt it is the prompt.
    """
    choice = Choice(storage_backend, storage_path, workspace)
    asked = _Asked(_text(prompt or [], retry=retry), not json, Again(choice))
    try:
        asyncio.run(_ask(choice, session, asked, _presenting(asked, json)))
    except Left:
        raise typer.Exit(_EXIT_CODES[Ending.STOPPED]) from None
    if json:
        output.say_json(
            {
                "session": asked.again.session,
                "answer": asked.answer.text,
                "ending": asked.answer.ending.value,
                "note": asked.again.explain(asked.answer.note),
            }
        )
    raise typer.Exit(_EXIT_CODES.get(asked.answer.ending, 1))


async def _ask(
    choice: Choice, session: str | None, asked: _Asked, present: Callable[[], Presenter]
) -> None:
    async with open_desk(choice) as desk:
        caller = desk.operator.caller()
        if session is not None and asked.text:
            await use_session(desk, session)
        elif session is not None:
            await desk.commands.resume(caller, session)
        if not asked.text:
            await desk.commands.check_retry(caller)
        async with open_conversation(desk, present) as conversation:
            if asked.text:
                await _tell_interrupted(conversation, asked.again)
            asked.answer = await conversation.say(
                asked.text,
                ask=Ask.ANSWER if asked.text else Ask.RETRY,
                accepted=asked.accepted,
                told=output.warn,
            )
            await _tell_interrupted(conversation, asked.again)


async def _tell_interrupted(conversation: Conversation, again: Again) -> None:
    for session, message in await conversation.interrupted():
        retry = await conversation.can_retry(message)
        again.session = session.name
        hint = f"To ask it again: {again.command()}" if retry else pages.SAY_AGAIN
        output.warn(pages.interrupted(message, hint))


def _presenting(asked: _Asked, json: bool) -> Callable[[], Presenter]:
    if json:
        return SilentPresenter
    notes = asked.again.explaining(sys.stderr)
    if sys.stdout.isatty():
        from bots.terminal.panel import PanelPresenter

        return lambda: PanelPresenter(sys.stdout, notes)
    return lambda: PlainPresenter(sys.stdout, notes)


def _text(words: list[str], *, retry: bool) -> str:
    """Return what is to be said; "" for a retry. Raises UsageError."""
    if retry:
        if words:
            raise UsageError("--retry asks the last prompt again: leave the new one out.")
        return ""
    prompt = _one_prompt(words) if words else ""
    if prompt == "-" or (not words and piped.is_piped()):
        prompt = piped.read()
    elif words and piped.is_piped():
        about = piped.read()
        if prompt.strip() and about.strip():
            prompt = f"{prompt}\n\n{_SEPARATOR}\n{about}"
    if not prompt.strip():
        wrong = "The prompt is empty." if words else "A prompt is missing."
        raise UsageError(f'{wrong} Say for example: parley "What is Python?" See also: parley --help')
    return prompt


def _one_prompt(words: list[str]) -> str:
    if len(words) > 1:
        import shlex

        from cli.routing import suggestion

        whole = shlex.quote(one_line(" ".join(words)))
        raise UsageError(
            suggestion(words) or f"A prompt is one argument. Put it in quotes: parley {whole}"
        )
    return words[0]

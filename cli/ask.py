"""The command that a prompt stands for: ``parley "What is Python?" --session learning``."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import typer

from bots.terminal import pages
from bots.terminal.conversation import Conversation, Left
from bots.terminal.pages import counted
from bots.terminal.plain import one_line
from bots.terminal.presenters import PlainPresenter, Presenter, SilentPresenter
from cli import output
from cli.chat import use_session
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.plain_values import PlainCommand
from cli.wiring import open_conversation, open_desk
from sessions.errors import UsageError
from sessions.model import Answer, Ending
from sessions.ports.turns import Accepted

app = typer.Typer(name="ask", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

_EXIT_CODES = {Ending.ANSWERED: 0, Ending.STOPPED: 130}


@dataclass(slots=True)
class _Asked:
    """What became of a prompt."""

    header: bool
    session: str = ""
    answer: Answer = field(default=Answer(Ending.INTERRUPTED))

    def accepted(self, accepted: Accepted) -> None:
        """Print the header: the session, and how many messages the person said, this one included."""
        self.session = accepted.session.name
        if self.header:
            count = accepted.session.tally.user_messages + accepted.ahead + 1
            output.say(f"📂 Session: {one_line(self.session)} ({counted(count, 'message')})\n")
            sys.stdout.flush()


@app.command("ask", cls=PlainCommand, hidden=True)
def ask(
    prompt: Annotated[list[str], typer.Argument(metavar="PROMPT", help="What to say, in quotes.")],
    session: Annotated[
        str | None,
        typer.Option(
            "--session", metavar="NAME", show_default=False, help="Where; started if it is new."
        ),
    ] = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Say something in a session and print the answer; without --session, in the one used last."""
    text = _one_prompt(prompt)
    asked = _Asked(header=not json)
    try:
        asyncio.run(
            _ask(
                Choice(storage_backend, storage_path, workspace), session, text, asked, _presenting(json)
            )
        )
    except Left:
        raise typer.Exit(_EXIT_CODES[Ending.STOPPED]) from None
    if json:
        output.say_json(
            {
                "session": asked.session,
                "answer": asked.answer.text,
                "ending": asked.answer.ending.value,
                "note": asked.answer.note,
            }
        )
    raise typer.Exit(_EXIT_CODES.get(asked.answer.ending, 1))


async def _ask(
    choice: Choice, session: str | None, text: str, asked: _Asked, present: Callable[[], Presenter]
) -> None:
    async with open_desk(choice) as desk:
        if session is not None:
            await use_session(desk, session)
        async with open_conversation(desk, present) as conversation:
            await _tell_interrupted(conversation)
            asked.answer = await conversation.say(text, accepted=asked.accepted, told=output.warn)
            await _tell_interrupted(conversation)


async def _tell_interrupted(conversation: Conversation) -> None:
    for message in await conversation.interrupted():
        retry = await conversation.can_retry(message)
        hint = "/retry" if retry else "Say it again to have it answered."
        output.warn(pages.interrupted(message, hint))


def _presenting(json: bool) -> Callable[[], Presenter]:
    if json:
        return SilentPresenter
    if sys.stdout.isatty():
        from bots.terminal.panel import PanelPresenter

        return lambda: PanelPresenter(sys.stdout, sys.stderr)
    return lambda: PlainPresenter(sys.stdout, sys.stderr)


def _one_prompt(words: list[str]) -> str:
    if len(words) > 1:
        import shlex

        from cli.routing import suggestion

        whole = shlex.quote(one_line(" ".join(words)))
        raise UsageError(
            suggestion(words) or f"A prompt is one argument. Put it in quotes: parley {whole}"
        )
    if not words[0].strip():
        raise UsageError('The prompt is empty. Say for example: parley "What is Python?"')
    return words[0]

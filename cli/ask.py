"""The command that a prompt stands for: ``parley "What is Python?" --session learning``."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from bots.terminal.conversation import Left
from bots.terminal.plain import one_line
from bots.terminal.presenters import (
    PlainPresenter,
    Presenter,
    SilentPresenter,
    StepsPresenter,
)
from bots.wording import closing
from cli import output, piped
from cli.again import Again
from cli.asking import Asked, Present, Undecided, put
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.plain_values import PlainCommand
from cli.wishes import Options, checked
from sessions.errors import UsageError
from sessions.model import Ending

app = typer.Typer(name="ask", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

_EXIT_CODES = {Ending.ANSWERED: 0, Ending.STOPPED: 130}
_SEPARATOR = "--- From standard input: ---"
_SIMPLE = ("", "dumb", "unknown")
"""Terminals that cannot move their cursor."""


def _flag(name: str, told: str) -> object:
    return typer.Option(name, help=told)


def _value(name: str, kind: str, told: str) -> object:
    return typer.Option(name, metavar=kind, show_default=False, help=told)


@app.command("ask", cls=PlainCommand)
def ask(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROMPT]", show_default=False, help="In quotes; - is standard input."),
    ] = None,
    session: Annotated[
        str | None, _value("--session", "NAME", "Where it belongs; started if it is new.")
    ] = None,
    auto_save: Annotated[
        str | None, _value("--auto-save", "NAME", "The same: every answer is saved there.")
    ] = None,
    go_on: Annotated[bool, _flag("--continue", "Go on in the session used last; start none.")] = False,
    history: Annotated[
        str | None, _value("--history", "K", "Tell the model of the last K sessions, too.")
    ] = None,
    memory: Annotated[bool, _flag("--memory", "Draw on what is remembered; remember more.")] = False,
    knowledge: Annotated[bool, _flag("--knowledge", "Search the documents that were added.")] = False,
    fast_context: Annotated[
        str | None, _value("--fast-context", "DIR", "Tell the model of the fitting code in a folder.")
    ] = None,
    planning: Annotated[bool, _flag("--planning", "Make a plan, ask, and do its steps.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do the plan's steps without asking.")] = False,
    model: Annotated[
        str | None, _value("--model", "MODEL", "Ask this model instead of the usual one.")
    ] = None,
    system: Annotated[
        str | None, _value("--system", "TEXT", "The instructions above the conversation.")
    ] = None,
    no_stream: Annotated[bool, _flag("--no-stream", "Print the answer once it is whole.")] = False,
    retry: Annotated[bool, _flag("--retry", "Ask the last prompt again.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Say something in a session and print the answer; without --session, in the one used last.

    Text that is piped in is what the prompt is about; without a prompt it is the prompt.
    """
    options = Options(
        session, auto_save, history, model, system, fast_context, memory, knowledge, planning, go_on,
        yes, retry,
    )  # fmt: skip
    wanted = checked(options)
    again = Again(Choice(storage_backend, storage_path, workspace))
    asked = Asked(_text(prompt or [], retry=retry), wanted, options, again, json)
    undecided = False
    try:
        asyncio.run(put(asked, _presenting(asked, streams=not no_stream)))
    except Left:
        raise typer.Exit(_EXIT_CODES[Ending.STOPPED]) from None
    except Undecided:
        undecided = True
    _tell(asked, undecided=undecided)
    raise typer.Exit(_EXIT_CODES.get(asked.answer.ending, 1) or int(asked.unfinished))


def _tell(asked: Asked, *, undecided: bool) -> None:
    """Print what is not presented while the answer comes."""
    answer, again = asked.answer, asked.again
    if asked.json:
        output.say_json(_record(asked))
        if answer.ending is not Ending.ANSWERED:
            output.warn(again.explain(closing(answer)[1]))
    elif asked.refused:
        output.say("\nCancelled: the plan was not run.")
    if undecided:
        output.complain(
            "Nothing was run: the input ended before a yes. To run it in its session, say "
            f"“/workflow approve {asked.run}” in: parley chat. "
            f"The plan is kept: {again.resume(asked.run)}"
        )


def _record(asked: Asked) -> dict[str, output.Value]:
    """Return an answer in the form of ``--json``; its keys only ever grow in number."""
    answer, used = asked.answer, asked.answer.used
    return {
        "session": asked.again.session,
        "answer": answer.text,
        "ending": answer.ending.value,
        "note": asked.again.explain(answer.note),
        "model": asked.model,
        "used": {
            "facts": used.facts,
            "sessions": list(used.sessions),
            "sources": list(used.sources),
        },
        "tokens": asked.tokens,
        "tokens_estimated": asked.after.tally.estimated if asked.after else False,
        "run": {"name": asked.run, "status": asked.status} if asked.run else None,
    }


def _presenting(asked: Asked, *, streams: bool) -> Present:
    notes = asked.again.explaining(sys.stderr)
    rich = sys.stdout.isatty() and os.environ.get("TERM", "") not in _SIMPLE

    def present(title: str) -> Presenter:
        if asked.json or not title:
            return SilentPresenter()
        if rich:
            from bots.terminal.panel import PanelPresenter

            return PanelPresenter(sys.stdout, notes, title=title, streams=streams)
        if asked.options.planning:
            return StepsPresenter(sys.stdout, notes)
        return PlainPresenter(sys.stdout, notes, below=True, streams=streams)

    return present


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

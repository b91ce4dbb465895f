"""The command ``parley session export``: a session, or all of them, as Markdown or JSON."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import IO, TYPE_CHECKING, Annotated

import typer

from bots.terminal.pages import counted, second
from bots.terminal.plain import one_line, printable
from cli import output
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.wiring import Desk, open_desk
from sessions.errors import UsageError, UserError
from sessions.leaving import PAGE, all_sessions, whole_transcript
from sessions.model import Ending, Message, Role, Session

if TYPE_CHECKING:
    from sessions.ports.store import Store

_FORMATS = {"markdown": ".md", "json": ".json"}
_NAME_BYTES = 80
_ENDINGS = {
    Ending.STOPPED: "*(stopped)*",
    Ending.FAILED: "*(not answered: the model failed)*",
    Ending.INTERRUPTED: "*(interrupted: not answered)*",
}

Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", show_default=False, help="Without one, the active session."),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", show_default=False, help="markdown or json."),
]
Output = Annotated[
    str | None,
    typer.Option("--output", metavar="FILE", show_default=False, help="A file, or with --all a folder."),
]


def export(
    name: Name = None,
    format_: Format = None,
    output_: Output = None,
    everything: Annotated[bool, typer.Option("--all", help="All sessions of the workspace.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Write a session as Markdown, or as JSON that parley session import reads."""
    to = None if output_ in (None, "-") else FilePath(output_ or "").expanduser()
    form = _form(format_, to, json=json)
    if everything and (name is not None or to is None):
        raise UsageError("--all takes a folder and no name: parley session export --all --output FOLDER")
    choice = Choice(storage_backend, storage_path, workspace)
    if everything and to is not None:
        count = asyncio.run(_export_all(choice, form, to, force=force))
        output.say(f"📤 Exported {counted(count, 'session')} to {one_line(str(to))}")
        return
    exported = asyncio.run(_export_one(choice, name, form, to, force=force))
    if to is not None:
        output.say(f"📤 Exported session '{one_line(exported.name)}' to {one_line(str(to))}")


def _form(said: str | None, to: FilePath | None, *, json: bool) -> str:
    if said is None:
        return "json" if json or (to is not None and to.suffix.casefold() == ".json") else "markdown"
    form = {"md": "markdown"}.get(said.casefold(), said.casefold())
    if form not in _FORMATS:
        raise UsageError(f"There is no format “{one_line(said)[:32]}”. There are: markdown, json.")
    return form


async def _export_one(
    choice: Choice, name: str | None, form: str, to: FilePath | None, *, force: bool
) -> Session:
    async with open_desk(choice) as desk:
        session = (await desk.commands.show(desk.operator.caller(), name)).session
        if to is None:
            escape = printable if form == "markdown" and sys.stdout.isatty() else str
            async for piece in _pieces(desk.store, session, form):
                sys.stdout.write(escape(piece))
        else:
            await _write(desk, session, form, to, force=force)
        return session


async def _export_all(choice: Choice, form: str, folder: FilePath, *, force: bool) -> int:
    count = 0
    async with open_desk(choice) as desk:
        workspace = await desk.store.workspace(desk.operator.place.workspace)
        await asyncio.to_thread(_make_folder, folder)
        async for session in all_sessions(desk.store, workspace.id):
            await _write(desk, session, form, folder / file_name(session, form), force=force)
            count += 1
    return count


def _make_folder(folder: FilePath) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Name a folder for --all.")
    with _explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def file_name(session: Session, form: str) -> str:
    """A name that is safe in every file system, and the session's own by its id."""
    short = _safe(session.name).encode()[:_NAME_BYTES].decode(errors="ignore").strip("_-") or "session"
    # Any id of ours is plain; what came from elsewhere was checked.
    return f"{short}-{_safe(session.key.id)}{_FORMATS[form]}"


def _safe(text: str) -> str:
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in text)


async def _write(desk: Desk, session: Session, form: str, to: FilePath, *, force: bool) -> None:
    """Write the file as a whole or not at all. Raises UsageError when it is there already."""
    unfinished = to.with_name(f".{os.urandom(8).hex()}.part")
    file = await asyncio.to_thread(_begin, to, unfinished, force)
    try:
        with _explained(to):
            try:
                async for piece in _pieces(desk.store, session, form):
                    await asyncio.to_thread(file.write, piece)
            finally:
                await asyncio.to_thread(file.close)
            await asyncio.to_thread(unfinished.replace, to)
    finally:
        unfinished.unlink(missing_ok=True)


def _begin(to: FilePath, unfinished: FilePath, force: bool) -> IO[str]:
    if to.is_dir():
        raise UsageError(f"{to} is a folder. Name a file, or say --all for all sessions.")
    if to.exists() and not force:
        raise UsageError(f"{to} is there already. Say --force to overwrite it, or name another file.")
    with _explained(to):
        # Transcripts are nobody else's business.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")


@contextmanager
def _explained(path: FilePath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}). Name another place.") from error


async def _pieces(store: "Store", session: Session, form: str) -> AsyncIterator[str]:
    """The text of the file, in pieces of a bounded size."""
    few: list[str] = []
    async for one in _json(store, session) if form == "json" else _markdown(store, session):
        few.append(one)
        if len(few) == PAGE:
            yield "".join(few)
            few.clear()
    yield "".join(few)


async def _json(store: "Store", session: Session) -> AsyncIterator[str]:
    from storage import portable

    yield portable.head(session).decode()
    first = True
    async for message in whole_transcript(store, session):
        yield portable.line(message, first=first).decode()
        first = False
    yield portable.END.decode()


async def _markdown(store: "Store", session: Session) -> AsyncIterator[str]:
    yield f"# {one_line(session.title or session.name)}\n\n"
    yield f"Session {one_line(session.name)}, {second(session.created_at)} to "
    yield f"{second(session.active_at)} (UTC), {counted(session.tally.messages, 'message')}\n"
    async for message in whole_transcript(store, session):
        yield f"\n## {_speaker(message)}, {second(message.at)}\n\n{message.content.rstrip()}\n"
        if message.role is Role.USER and message.ending in _ENDINGS:
            yield f"\n{_ENDINGS[message.ending]}\n"


def _speaker(message: Message) -> str:
    if message.role is Role.USER:
        return one_line(message.author.name) if message.author is not None else "User"
    return "Agent" if message.role is Role.ASSISTANT else "System"

"""The commands ``parley knowledge …``."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated

import typer

from bots.searching import embeddings, searching
from bots.terminal import knowledge as pages
from bots.terminal.knowledge import ADD_DOCUMENTS
from bots.terminal.pages import counted
from bots.terminal.plain import one_line
from bots.terminal.room_help import room_help
from bots.words import Room
from cli import output
from cli.confirming import is_sure
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace, page_number
from cli.plain_values import PlainCommand
from cli.routing import AnywhereGroup
from cli.wiring import Desk, open_desk
from sessions.errors import NoSuchDocument
from sessions.knowledge.commands import DocumentsListed, KnowledgeCommands, PassagesFound
from sessions.knowledge.walking import source_of
from sessions.ports.knowledge import Document, Found

if TYPE_CHECKING:
    from sessions.knowledge.adding import Added, FileDone, Progress

app = typer.Typer(
    name="knowledge",
    cls=AnywhereGroup,
    help="Add documents that answers draw on; list, search and remove them.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
)

_ADD = ("parley knowledge add <path>...", "Add files and folders, or what changed in them")
HELP = f"""\
{room_help(Room.KNOWLEDGE, "parley ", before=(_ADD,))}

Using Knowledge with Prompts:
  parley "prompt" --knowledge  - Answer from the documents, and cite them"""

_BATCH = 500
_MOST_SHOWN = 50


@app.callback()
def knowledge(ctx: typer.Context) -> None:
    """Show the help when no command is given."""
    if ctx.invoked_subcommand is None:
        output.say(HELP)


@app.command("add", cls=PlainCommand)
def add(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files and folders.")],
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Add files and folders, or what changed in them since; interrupted, it goes on when repeated."""
    choice = Choice(storage_backend, storage_path, workspace)
    with _telling(quietly=json) as progress:
        outcome = asyncio.run(_add(choice, paths, progress))
    if json:
        output.say_json(
            {
                "files": {did.value: count for did, count in outcome.counts.items()},
                "passages": outcome.passages,
                "failures": [{"source": one.source, "why": one.why} for one in outcome.failures],
                "gone": outcome.gone,
            }
        )
    else:
        output.say(pages.added(outcome))
    if outcome.failures:
        for line in pages.failures(outcome):
            output.warn(line)
        raise typer.Exit(1)


@app.command("list", cls=PlainCommand)
def list_(
    page: Annotated[
        str | None, typer.Argument(metavar="[PAGE]", show_default=False, help="Ten documents each.")
    ] = None,
    page_option: Annotated[
        str | None, typer.Option("--page", metavar="PAGE", show_default=False, help="The same as PAGE.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Leave none out.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """List the documents, by source."""
    number = page_number(page_option or page, "parley knowledge list 2")

    async def work() -> DocumentsListed:
        async with _shelf(Choice(storage_backend, storage_path, workspace)) as shelf:
            if everything:
                documents = tuple([one async for one in shelf.below("")])
                return DocumentsListed(documents, 1, 1, more=False)
            return await shelf.commands.list(shelf.desk.operator.caller(), number)

    outcome = asyncio.run(work())
    if json:
        documents = [_document_record(one) for one in outcome.documents]
        output.say_json({"documents": documents, "page": outcome.page, "more": outcome.more})
        return
    following = f"parley knowledge list {outcome.page + 1}"
    output.say(pages.listed(outcome, add=ADD_DOCUMENTS, following=following))


@app.command("search", cls=PlainCommand)
def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="A question, or a few words.")],
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Show the passages that fit best."""

    async def work() -> PassagesFound:
        async with _shelf(Choice(storage_backend, storage_path, workspace)) as shelf:
            return await shelf.commands.search(shelf.desk.operator.caller(), " ".join(query))

    outcome = asyncio.run(work())
    if json:
        output.say_json(
            {"query": outcome.query, "passages": [_found_record(one) for one in outcome.found]}
        )
        return
    output.say(pages.found(outcome, add=ADD_DOCUMENTS))


@app.command("remove", cls=PlainCommand)
def remove(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="As the list shows it, or the path it was added from.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about a folder.")] = False,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Remove a document, or all documents of a folder."""

    async def work() -> list[Document]:
        async with _shelf(Choice(storage_backend, storage_path, workspace)) as shelf:
            return await _remove(shelf, source, sure=yes, quietly=json)

    removed = asyncio.run(work())
    if json:
        output.say_json({"removed": [one.source for one in removed]})
    elif not removed:
        output.say("Cancelled: nothing was removed.")
    else:
        for document in removed[:_MOST_SHOWN]:
            output.say(pages.removed(document))
        if len(removed) > _MOST_SHOWN:
            output.say(f"… {counted(len(removed), 'document')} in all.")


@app.command("help", cls=PlainCommand)
def help_() -> None:
    """Show the knowledge commands."""
    output.say(HELP)


@dataclass(frozen=True)
class _Shelf:
    """A desk with the commands of knowledge."""

    desk: Desk
    commands: KnowledgeCommands

    async def below(self, prefix: str) -> AsyncIterator[Document]:
        """Every document whose source begins so, in order."""
        place = self.desk.operator.place
        workspace = await self.desk.store.workspace(place.workspace)
        after = prefix
        while batch := await self.desk.store.documents(workspace.id, after, _BATCH):
            for one in batch:
                if not one.source.startswith(prefix):
                    return
                yield one
            after = batch[-1].source


@asynccontextmanager
async def _shelf(choice: Choice) -> AsyncIterator[_Shelf]:
    async with open_desk(choice) as desk:
        from cli.logs import configure

        configure(desk.settings, "warning")
        yield _Shelf(desk, KnowledgeCommands(desk.store, searching(desk.settings, desk.store)))


async def _add(choice: Choice, paths: list[str], progress: "Progress") -> "Added":
    from sessions.knowledge.adding import Adding

    async with open_desk(choice) as desk:
        place = desk.operator.place
        workspace = await desk.store.workspace(place.workspace)
        adding = Adding(desk.store, workspace.id, embeddings(desk.settings))
        return await adding.add(paths, progress)


async def _remove(shelf: _Shelf, said: str, *, sure: bool, quietly: bool) -> list[Document]:
    """Remove what is meant: a source, the file of that path, or what is in that folder."""
    caller = shelf.desk.operator.caller
    path = _path_of(said)
    try:
        return [(await shelf.commands.remove(caller(), said)).document]
    except NoSuchDocument as error:
        unknown = error
    for name in (said, path):
        folder = [one async for one in shelf.below(f"{name.rstrip('/')}/")] if name.strip("/") else []
        if folder:
            question = f"Remove {counted(len(folder), 'document')} below {one_line(name)}?"
            if not sure and not await is_sure(question, quietly=quietly):
                return []
            return [(await shelf.commands.remove(caller(), one.source)).document for one in folder]
    if path == said:
        raise unknown
    try:
        return [(await shelf.commands.remove(caller(), path)).document]
    except NoSuchDocument:
        raise unknown from None


def _path_of(said: str) -> str:
    """The source of the file of that path, whether it is there or not."""
    return source_of(FilePath(os.path.realpath(os.path.expanduser(said))))  # noqa: PTH111 - never raises


@contextmanager
def _telling(*, quietly: bool) -> "Iterator[Progress]":
    """Say how far it has come: by a bar on a terminal, else by a line for each file that changed."""
    if sys.stderr.isatty():
        from bots.terminal.progress import Bar

        with Bar(sys.stderr, "Adding") as bar:
            yield lambda file, done, total: bar.show(file.source, done, total)
        return

    def line(file: "FileDone", done: int, total: int) -> None:
        text = pages.done(file)
        if text and not quietly and not file.why:
            output.say(f"[{done}/{total}] {text}")
            sys.stdout.flush()

    yield line


def _document_record(document: Document) -> dict[str, output.Value]:
    """Return a document in the form of ``--json``; its keys only ever grow in number."""
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "size_bytes": document.size,
        "passages": document.passages,
        "added_at": document.added_at.isoformat(),
    }


def _found_record(found: Found) -> dict[str, output.Value]:
    return {
        "source": found.source,
        "place": found.passage.place,
        "score": round(found.score, 6),
        "text": found.passage.text,
    }

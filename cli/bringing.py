"""The command ``parley session import``: sessions of another program, or files that export wrote."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from bots.terminal.plain import one_line
from cli import output
from cli.again import Again
from cli.options import LOCAL, Backend, Choice, Json, Path, Workspace
from cli.wiring import open_desk
from sessions.errors import StoreUnavailable, UsageError

if TYPE_CHECKING:
    from sessions.moving import Found, Owner, Remark, Report, Skipped

_KINDS = {
    "session": "Session files",
    "memory": "Memory sessions",
    "events": "Older sessions (events)",
    "checkpoint": "Workflow checkpoints",
    "export": "Exported sessions",
}
_PLATFORMS = ("telegram:", "discord:")

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH", show_default=False, help="Files; with --from also folders or redis://host."
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="PROGRAM", show_default=False, help="Whose: praisonai."),
]


def import_(
    paths: Paths = None,
    from_: From = None,
    storage_backend: Backend = None,
    storage_path: Path = None,
    workspace: Workspace = LOCAL,
    json: Json = False,
) -> None:
    """Take in sessions that export wrote, or that another program keeps. Twice adds nothing."""
    if not paths:
        raise UsageError(
            "Say what to import: parley session import FILE… or, for example, "
            "parley session import --from praisonai ~/.praisonai"
        )
    told = _Told(quietly=json)
    choice = Choice(storage_backend, storage_path, workspace)
    report = asyncio.run(_work(choice, from_, paths, told))
    told.end()
    if json:
        output.say_json({**_record(report), **told.record()})
    else:
        output.say(_page(report, Again(choice).line("session list", {})))
    # Who names a file wants that file; of a folder what can be read is enough.
    failed = report.skipped if from_ is None else report.skipped and not report.read
    raise typer.Exit(1 if failed else 0)


@dataclass(slots=True)
class _Told:
    """What is told on the way: at once where a person reads, at the end as JSON."""

    quietly: bool
    skipped: list[dict[str, str]] = field(default_factory=list)
    remarks: list[dict[str, str]] = field(default_factory=list)
    pieces: int = 0

    def __call__(self, one: "Skipped | Remark") -> None:
        from sessions.moving import Skipped

        if not self.quietly:
            self._clear()
            what = f"Skipped {one.where}: {one.why}" if isinstance(one, Skipped) else _remark(one)
            output.say(one_line(what))
        elif isinstance(one, Skipped):
            self.skipped.append({"where": one.where, "why": one.why})
        else:
            self.remarks.append({"where": one.where, "what": one.what})

    def watch(self, found: "Iterator[Found]") -> "Iterator[Found]":
        """Count what is read, where somebody waits for it."""
        for one in found:
            self.pieces += 1
            if self.pieces % 100 == 0 and sys.stderr.isatty():
                sys.stderr.write(f"\r{self.pieces:,} read …")
                sys.stderr.flush()
            yield one

    def end(self) -> None:
        """Take the count away."""
        self._clear()

    def record(self) -> dict[str, output.Value]:
        """What was told, for ``--json``."""
        return {"skipped": self.skipped, "remarks": self.remarks}

    def _clear(self) -> None:
        if self.pieces >= 100 and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


async def _work(choice: Choice, program: str | None, paths: list[str], told: _Told) -> "Report":
    from sessions.model import PersonId, WorkspaceKey
    from sessions.moving import Owner, take_in

    _check_workspace(choice.workspace)
    key = WorkspaceKey(choice.workspace)
    # Before a store or workspace is made: nothing is read yet.
    found = _own(paths) if program is None else _foreign(program, paths, Owner(key, PersonId("")))
    async with open_desk(choice, make=True) as desk:
        if program is not None:
            found = _foreign(program, paths, Owner(key, desk.operator.person.id))
        workspace = await desk.store.workspace(key)
        try:
            return await take_in(desk.store, workspace.id, told.watch(found), told)
        except StoreUnavailable as error:
            told.end()
            raise StoreUnavailable(
                f"{error} What was imported until then is kept: say the same again to go on."
            ) from error


def _foreign(program: str, sources: list[str], owner: "Owner") -> "Iterator[Found]":
    """All sources, one after the other; whether they exist is known before the first is read."""
    from itertools import chain

    from storage.foreign.opening import read

    return chain.from_iterable([read(program, source, owner) for source in sources])


def _own(paths: list[str]) -> "Iterator[Found]":
    import pathlib

    from storage.portable import read_files

    files = [pathlib.Path(path).expanduser() for path in paths]
    for file in files:
        if not file.exists():
            raise UsageError(
                f"There is no file {file}. Name one that parley session export wrote; "
                "for another program's add --from, for example: --from praisonai"
            )
    return read_files(files)


def _check_workspace(key: str) -> None:
    """Refuse what would make a workspace that no chat ever leads to."""
    if key != LOCAL and not key.startswith(_PLATFORMS):
        raise UsageError(
            f"“{one_line(key)[:64]}” is no workspace. See which there are: parley workspace list"
        )


def _remark(one: "Remark") -> str:
    return f"Note on {one.where}: {one.what}"


def _record(report: "Report") -> dict[str, output.Value]:
    return {
        "read": dict(report.kinds),
        "sessions": {"added": report.sessions.added, "there_already": report.sessions.there},
        "messages": report.messages,
        "renamed": report.renamed,
        "facts": {"added": report.facts.added, "there_already": report.facts.there},
        "checkpoints": {"added": report.runs.added, "there_already": report.runs.there},
        "skipped_count": report.skipped,
    }


def _page(report: "Report", see: str) -> str:
    from bots.terminal.tables import draw

    if not report.read and not report.skipped:
        return "📥 There is nothing to import there."
    rows = [(_KINDS.get(kind, kind), f"{count:,} read") for kind, count in sorted(report.kinds.items())]
    counts = (("Sessions", report.sessions), ("Facts", report.facts), ("Checkpoints", report.runs))
    rows += [
        (name, f"{count.added:,} added, {count.there:,} there already")
        for name, count in counts
        if count.all or name == "Sessions"
    ]
    rows += [
        ("Messages", f"{report.messages:,} added"),
        ("Renamed", f"{report.renamed:,}"),
        ("Skipped", f"{report.skipped:,}"),
    ]
    table = draw(("Import", "Result"), rows, (24, 32))
    if not report.read:
        return f"📥 Nothing could be read.\n\n{table}"
    return f"📥 Import finished.\n\n{table}\n\nSee them: {see}"

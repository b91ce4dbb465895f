"""The options that several commands share, and what they say together."""

from dataclasses import dataclass
from typing import Annotated

import typer

from bots.terminal.operator import LOCAL as LOCAL
from sessions.errors import UsageError

_PAGE_DIGITS = 6

Backend = Annotated[
    str | None,
    typer.Option(
        "--storage-backend",
        metavar="BACKEND",
        show_default=False,
        help="file, sqlite, or a URL such as redis://localhost:6379.",
    ),
]
Path = Annotated[
    str | None,
    typer.Option(
        "--storage-path", metavar="PATH", show_default=False, help="The backend's file or folder."
    ),
]
Workspace = Annotated[
    str,
    typer.Option("--workspace", metavar="WORKSPACE", help="Whose sessions; see: parley workspace list"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")]


@dataclass(frozen=True)
class Choice:
    """What the command line chose over the settings: the storage, and the workspace to work in."""

    backend: str | None = None
    path: str | None = None
    workspace: str = LOCAL


def page_number(said: str | None, example: str) -> int:
    """Return the number of a page; without one, the first. Raises UsageError."""
    if said is None:
        return 1
    if not said.isdecimal() or len(said) > _PAGE_DIGITS:
        raise UsageError(f"“{said[:32]}” is no page. Give its number, for example: {example}")
    return int(said)

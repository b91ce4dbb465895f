"""The options that several commands share, and what they say together."""

from dataclasses import dataclass
from typing import Annotated

import typer

from bots.terminal.operator import LOCAL as LOCAL

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

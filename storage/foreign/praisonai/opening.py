"""Tells the sources apart: a server's URL, a file, a folder."""

from collections.abc import Iterator
from pathlib import Path

from sessions.errors import UsageError
from sessions.moving import Found, Owner


def pieces(source: str, owner: Owner) -> Iterator[Found]:
    """Everything in the source; iterating it blocks. Raises UsageError when there is none."""
    if source.strip().casefold().startswith(("redis://", "rediss://")):
        from storage.foreign.praisonai.keys import read_server

        return read_server(source.strip(), owner)
    if "://" in source:
        raise UsageError("From praisonai a path or redis://host:6379/0 can be read, no other URL.")
    from storage.foreign.praisonai.files import read_path

    path = _expanded(source)
    if not path.exists():
        raise UsageError(
            f"There is nothing at {path}. Name a file, a .praisonai folder or the folder it is in."
        )
    return read_path(path, owner)


def _expanded(source: str) -> Path:
    try:
        return Path(source).expanduser().resolve()
    except (RuntimeError, OSError, ValueError) as error:
        raise UsageError("That path cannot be read. Name a file or a folder.") from error

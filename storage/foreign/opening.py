"""Finds the reader for what another program keeps; imports only the one that is asked for."""

from collections.abc import Iterator

from sessions.errors import UsageError
from sessions.moving import Found, Owner

PROGRAMS = ("praisonai",)
"""Whose sessions can be read."""


def read(program: str, source: str, owner: Owner) -> Iterator[Found]:
    """Read everything that the program keeps in the source, piece by piece; iterating it blocks.

    Raises UsageError for a program or source that does not exist, before anything is read.
    """
    match program.strip().casefold():
        case "praisonai":
            from storage.foreign.praisonai.opening import pieces

            return pieces(source, owner)
        case _:
            raise UsageError(
                f"Nothing is known of the program “{program[:32]}”. "
                f"Sessions can be imported from: {', '.join(PROGRAMS)}."
            )

"""The help of the rooms of commands, as a terminal shows it: all of it from the table of words."""

from collections.abc import Sequence

from bots.words import ENTRIES, Entry, Room


def room_help(
    room: Room,
    addressed: str = "/",
    *,
    before: Sequence[tuple[str, str]] = (),
    beside: Sequence[tuple[str, str]] = (),
) -> str:
    """A room's words; ``addressed`` is what stands before the room, ``parley`` on the command line.

    ``before`` them and ``beside`` them come words with their meanings that the table does not have.
    """
    words = [(f"{addressed}{room} {one.line}", _sentence(one)) for one in ENTRIES[room]]
    lines = [*before, *words]
    width = max(len(usage) for usage, _ in (*lines, *beside))
    blocks = [f"{room.capitalize()} Commands:", _block(lines, width)]
    if beside:
        blocks.append(f"Also:\n{_block(beside, width)}")
    return "\n\n".join(blocks)


def _block(lines: Sequence[tuple[str, str]], width: int) -> str:
    return "\n".join(f"  {usage:{width}}  - {meaning}" for usage, meaning in lines)


def _sentence(entry: Entry) -> str:
    return entry.meaning[0].upper() + entry.meaning[1:]

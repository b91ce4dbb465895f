"""What the commands of knowledge come to, as pages of a terminal."""

from collections.abc import Sequence

from bots.terminal.pages import counted, minute, size
from bots.terminal.plain import one_line, printable, shorten
from bots.terminal.tables import draw
from sessions.knowledge.adding import Added, Did, FileDone
from sessions.knowledge.commands import DocumentsListed, PassagesFound
from sessions.knowledge.searching import terms_of
from sessions.ports.knowledge import Document

ADD_DOCUMENTS = "parley knowledge add docs"
"""The operator's command, in a shell."""

_EXCERPT = 4
"""Lines of a passage that a search shows."""

_WIDE = 92
_FAILURES = 20
_GONE = 5


def listed(outcome: DocumentsListed, *, add: str, following: str) -> str:
    """A page of documents; ``add`` and ``following`` are the commands for a first and a next page."""
    if not outcome.documents:
        return f"📚 Knowledge:\n\nThere are no documents yet. Add some: {add}"
    rows = [
        (
            str(number),
            one.source,
            size(one.size),
            f"{one.passages:,}",
            minute(one.added_at),
        )
        for number, one in enumerate(outcome.documents, outcome.first)
    ]
    table = draw(("#", "Source", "Size", "Passages", "Added"), rows, (2, 30, 8, 8, 16))
    shown = f"{outcome.first} to {outcome.first + len(rows) - 1}"
    end = f"Documents {shown}; the next ones: {following}" if outcome.more else f"Documents {shown}"
    return f"📚 Knowledge:\n\n{table}\n\n{end}"


def found(outcome: PassagesFound, *, add: str) -> str:
    """The passages of a search, the best first."""
    if outcome.empty:
        return f"There are no documents yet. Add some: {add}"
    if not outcome.found:
        return f"No passage fits “{shorten(outcome.query, 60)}”. Try other words."
    terms = terms_of(outcome.query)
    return "\n\n".join(
        f"[{number}] {one_line(f'{one.source}, {one.passage.place}')}\n"
        + _excerpt(one.passage.text, terms)
        for number, one in enumerate(outcome.found, 1)
    )


def removed(document: Document) -> str:
    """A document that is gone."""
    return f"🗑️  Removed {one_line(document.source)} ({counted(document.passages, 'passage')})."


def done(file: FileDone) -> str:
    """A line about one file; empty where nothing was done."""
    match file.did:
        case Did.ADDED | Did.REPLACED:
            return f"{file.did.value} {one_line(file.source)} ({counted(file.passages, 'passage')})"
        case Did.FAILED:
            return f"failed {one_line(file.source)}: {one_line(file.why)}"
        case _:
            return ""


def added(outcome: Added) -> str:
    """What an addition came to."""
    counts = [f"{count:,} {did.value}" for did, count in outcome.counts.items() if count]
    page = f"📚 {', '.join(counts) if counts else 'There was no file to add'}."
    if outcome.passages:
        page += f" {counted(outcome.passages, 'new passage')}."
    if outcome.counts[Did.SKIPPED]:
        page += "\nSkipped is what has no text."
    if outcome.gone:
        names = ", ".join(map(one_line, outcome.gone[:_GONE]))
        more = "" if len(outcome.gone) <= _GONE else f" and {len(outcome.gone) - _GONE:,} more"
        page += f"\nNo longer in the folder, still known: {names}{more}. Remove one: "
        page += f"parley knowledge remove {one_line(outcome.gone[0])}"
    return page


def failures(outcome: Added) -> list[str]:
    """Lines about the files that could not be added, not too many."""
    lines = [done(one) for one in outcome.failures[:_FAILURES]]
    left = outcome.counts[Did.FAILED] - len(lines)
    return [*lines, f"and {left:,} more failed"] if left > 0 else lines


def _excerpt(text: str, terms: Sequence[str]) -> str:
    """The lines around the first one with a word that was asked for."""
    lines = [line for line in printable(text).split("\n") if line.strip()]
    hits = (at for at, line in enumerate(lines) if any(term in line.casefold() for term in terms))
    lines = lines[max(0, min(next(hits, 0) - 1, len(lines) - _EXCERPT)) :]
    cut = [f"    {line if len(line) <= _WIDE else line[: _WIDE - 1] + '…'}" for line in lines[:_EXCERPT]]
    return "\n".join([*cut, "    …"] if len(lines) > _EXCERPT else cut)

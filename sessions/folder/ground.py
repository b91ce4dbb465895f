"""Draws on a folder: the files that a question is about, or the parts of them, within a budget."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from sessions.errors import UsageError
from sessions.folder.excerpts import Excerpt, excerpt, shown_path
from sessions.folder.listing import listing
from sessions.folder.ranking import Wanted, rank, rank_unasked
from sessions.folder.reading import read_head
from sessions.folder.walking import Seen, SeenFile, walk
from sessions.folder.withholding import LARGEST, is_content_left_out
from sessions.folder.words import words_of
from sessions.model import Role
from sessions.ports.grounds import Ground
from sessions.ports.turns import Work
from sessions.window import estimate_tokens

_LEAST = 200
"""With fewer tokens nothing is worth saying."""

_LISTING = 1 / 8
"""Of the budget, at most."""

_ONE_FILE = 1 / 3
"""Of what is left, at most, for one file, so that a long one leaves room for others."""

_BYTES_A_TOKEN = 3
"""Of code, more or less."""

_WORTHLESS = 1 / 12
"""A file with less of the best one's score is left out."""


class FolderGround:
    """What a folder says about a question.

    Leaves out what ``.gitignore`` files name, links, secrets, files that are no text or too large, and
    what was generated. Files are chosen by the question's words in their paths, in the names that they
    define and in what they say; without any such words, those that were changed last and are central.
    """

    def __init__(self, path: Path) -> None:
        """Raises UsageError when there is no such folder, or it cannot be read."""
        self._given = path
        self._folder = existing_folder(path)

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        """Gather the code that the turn's question is about; see sessions.ports.grounds.

        Files are no numbered sources. Raises UsageError when the folder is not there any more.
        """
        if budget < _LEAST:
            return None
        text = await asyncio.to_thread(self._gather, _question(work), budget)
        return Ground(text)

    def _gather(self, question: str, budget: int) -> str:
        existing_folder(self._given)
        try:
            seen = walk(self._folder)
        except OSError as error:
            raise _unreadable(self._given, error) from error
        heading = f"## Files of the folder `{shown_path(self._folder.name or '/')}`"
        if not seen.files:
            return f"{heading}\n\nThere is no file in it that could be shown."
        wanted = Wanted(words_of(question))
        shown = listing(seen, int(budget * _LISTING))
        texts = [heading, f"What there is:\n\n{shown}" if shown else ""]
        texts.append("Parts that may matter, as `path:lines`:")
        left = budget - sum(map(estimate_tokens, texts)) - 2 * len(texts)
        # Beside what is related, the rest is worth its room where the whole folder is small.
        small = sum(file.size for file in seen.files) <= _BYTES_A_TOKEN * left
        texts += (
            one.text for one in self._excerpts(self._chosen(seen, wanted, small), wanted, left, small)
        )
        return "\n\n".join(filter(None, texts))

    def _chosen(self, seen: Seen, wanted: Wanted, small: bool) -> list[SeenFile]:
        ranked = rank(self._folder, seen.files, wanted) if wanted.words else []
        related = [one.file for one in ranked if one.score > ranked[0].score * _WORTHLESS]
        if related and not small:
            return related
        known = {file.path for file in related}
        others = rank_unasked([file for file in seen.files if file.path not in known])
        return [*related, *(one.file for one in others)]

    def _excerpts(
        self, files: Sequence[SeenFile], wanted: Wanted, left: int, small: bool
    ) -> Iterator[Excerpt]:
        for file in files:
            if left < _LEAST:
                return
            content = read_head(f"{self._folder}/{file.path}", LARGEST)
            if content is None or is_content_left_out(content):
                continue
            share = left if small else max(_LEAST, int(left * _ONE_FILE))
            found = excerpt(file.path, content, wanted, share)
            if found is not None:
                left -= found.tokens
                yield found


def existing_folder(path: Path) -> Path:
    """Return the folder without links and abbreviations. Raises UsageError where it cannot be read."""
    try:
        folder = path.expanduser().resolve(strict=True)
        next(folder.iterdir(), None)
    except NotADirectoryError as error:
        raise UsageError(
            f"“{shown_path(str(path))}” is a file. Give the folder that it is in."
        ) from error
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no folder “{shown_path(str(path))}”. Give one that exists, for example: ./src"
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error
    return folder


def _unreadable(path: Path, error: Exception) -> UsageError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "that is no path"
    return UsageError(
        f"The folder “{shown_path(str(path))}” cannot be read: {why}. "
        "Give one that can, for example: ./src"
    )


def _question(work: Work) -> str:
    """The words of the turn; of one that runs again, the last that a person said."""
    said = (message.content for message in reversed(work.news) if message.role is Role.USER)
    return next(chain(filter(None, [work.turn.inbound.text]), said), "")

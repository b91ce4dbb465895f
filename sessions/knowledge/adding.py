"""Adds files to a workspace's knowledge: only what changed, several at once, going on after a kill."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from sessions.errors import UsageError
from sessions.knowledge.dividing import divide
from sessions.knowledge.reading import LARGEST, READ_AS, NoTextError, UnreadableError, read
from sessions.knowledge.walking import Candidate, find, located, source_of
from sessions.model import WorkspaceId
from sessions.ports.embeddings import Embeddings
from sessions.ports.knowledge import Document, DocumentId, Knowledge, Passage

AT_ONCE = 4
"""So many documents are on their way at the same time: their transactions share syncs."""

BATCH = 64
"""So many passages are embedded by one request."""

_PAGE = 500
_REPORTED = 1_000


class Did(StrEnum):
    """What became of a file."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    """In a folder, and without text."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileDone:
    """One file's outcome; ``why`` it failed or was skipped."""

    source: str
    did: Did
    passages: int = 0
    why: str = ""


@dataclass(slots=True)
class Added:
    """What an addition came to. ``gone`` are documents of the folders whose files are there no more."""

    counts: dict[Did, int] = field(default_factory=lambda: dict.fromkeys(Did, 0))
    passages: int = 0
    failures: list[FileDone] = field(default_factory=list)
    gone: tuple[str, ...] = ()

    def note(self, done: FileDone) -> None:
        """Count a file."""
        self.counts[done.did] += 1
        self.passages += done.passages
        if done.did is Did.FAILED and len(self.failures) < _REPORTED:
            self.failures.append(done)


Progress = Callable[[FileDone, int, int], None]
"""Gets a file that is done, how many are, and of how many."""


def _silent(_: FileDone, __: int, ___: int) -> None:
    """Tell nobody."""


class Adding:
    """Puts files into the knowledge of one workspace. Without ``embeddings`` passages have no vectors."""

    def __init__(
        self,
        knowledge: Knowledge,
        workspace: WorkspaceId,
        embeddings: Embeddings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._knowledge = knowledge
        self._workspace = workspace
        self._embeddings = embeddings
        self._clock = clock

    async def add(self, paths: Sequence[str], progress: Progress = _silent) -> Added:
        """Add files and folders; a file that cannot be read is reported and hinders no other.

        Raises UsageError for a path that is not there, before anything is added, ModelError where the
        embeddings cannot be had: what was added by then stays, and a repeat goes on behind it.
        """
        if not paths:
            raise UsageError("Say which files or folders to add.")
        candidates = await asyncio.to_thread(lambda: list(find(paths)))
        added, waiting = Added(), iter(candidates)

        async def work() -> None:
            for candidate in waiting:
                done = await self._add_one(candidate)
                added.note(done)
                progress(done, sum(added.counts.values()), len(candidates))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise _first(errors) from errors
        added.gone = await self._gone(paths, {source_of(one.path) for one in candidates})
        return added

    async def _add_one(self, candidate: Candidate) -> FileDone:
        source = source_of(candidate.path)
        try:
            return await self._put(candidate.path, source)
        except NoTextError as error:
            return FileDone(source, Did.FAILED if candidate.named else Did.SKIPPED, why=str(error))
        except UnreadableError as error:
            return FileDone(source, Did.FAILED, why=str(error))
        except OSError as error:
            return FileDone(source, Did.FAILED, why=f"It cannot be read: {error.strerror or error}.")

    async def _put(self, path: Path, source: str) -> FileDone:
        data = await asyncio.to_thread(_load, path)
        digest = sha256(self._way.encode() + data).hexdigest()
        known = await self._knowledge.document(self._workspace, source)
        if known is not None and known.digest == digest:
            return FileDone(source, Did.UNCHANGED)
        title, passages = await asyncio.to_thread(_passages, path.name, data)
        passages = await self._with_vectors(passages)
        document = Document(
            id=DocumentId(sha256(source.encode("utf-8", "replace")).hexdigest()[:24]),
            source=source,
            title=title,
            digest=digest,
            size=len(data),
            passages=len(passages),
            added_at=self._clock(),
        )
        await self._knowledge.put_document(self._workspace, document, passages)
        return FileDone(source, Did.REPLACED if known else Did.ADDED, len(passages))

    @property
    def _way(self) -> str:
        """How documents are read: the same bytes read in another way are another document."""
        return f"{READ_AS} {self._embeddings.name if self._embeddings else ''}\n"

    async def _with_vectors(self, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        if self._embeddings is None:
            return passages
        found: list[Passage] = []
        for start in range(0, len(passages), BATCH):
            some = passages[start : start + BATCH]
            vectors = await self._embeddings.embed([one.text for one in some])
            found += (
                Passage(one.number, one.place, one.text, vector)
                for one, vector in zip(some, vectors, strict=True)
            )
        return tuple(found)

    async def _gone(self, paths: Sequence[str], there: set[str]) -> tuple[str, ...]:
        folders = [one for one in map(located, paths) if one.is_dir()]
        below = tuple(f"{source_of(one).rstrip('/')}/" for one in folders)
        return tuple([one async for one in self._sources(below) if one not in there]) if below else ()

    async def _sources(self, below: tuple[str, ...]) -> AsyncIterator[str]:
        for prefix in below:
            after = prefix
            while page := await self._knowledge.documents(self._workspace, after, _PAGE):
                for one in page:
                    if not one.source.startswith(prefix):
                        break
                    yield one.source
                else:
                    after = page[-1].source
                    continue
                break


def _load(path: Path) -> bytes:
    """Read a file, which may be another one than it was. Raises OSError, UnreadableError."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnreadableError(
            f"{path.name} is larger than {LARGEST >> 20} MB. Divide it and add the parts."
        )
    return data


def _passages(name: str, data: bytes) -> tuple[str, tuple[Passage, ...]]:
    reading = read(name, data)
    return reading.title[:200], divide(reading)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

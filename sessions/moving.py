"""Moving in: what was found elsewhere is put into a store, piece by piece, and counted.

Knows nothing of where things come from: a reader of theirs finds them, as an iterator that may block.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from sessions.errors import ParleyError, StoreDamaged, StoreUnavailable, UserError
from sessions.model import PersonId, SessionId, SessionKey, Status, WorkspaceId, WorkspaceKey
from sessions.ports.bringing import Bringing, Brought
from sessions.ports.catalog import Catalog
from sessions.ports.checkpoints import Checkpoint, Checkpoints
from sessions.ports.facts import Fact, Facts

AT_ONCE = 16
"""So many pieces are put in at the same time: a disk makes them durable together."""

MOST_AT_ONCE = 1 << 20
"""Characters of transcripts after which no more pieces are read ahead."""


class MovingStore(Catalog, Bringing, Facts, Checkpoints, Protocol):
    """The ports of a store that take in what was found."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Where things move in, and who moves them: they become the starter of what names nobody."""

    workspace: WorkspaceKey
    person: PersonId


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A session, and the facts that were kept with it. ``where`` is a path or a key, for people."""

    where: str
    kind: str
    brought: Brought
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundRun:
    """How far a run of a workflow came."""

    where: str
    kind: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of which nothing was read, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was read, and what of it was left out or changed."""

    where: str
    what: str


Found = FoundSession | FoundRun | Skipped | Remark
Tell = Callable[[Skipped | Remark], None]


@dataclass(slots=True)
class Count:
    """How many were added, and how many were there already."""

    added: int = 0
    there: int = 0

    @property
    def all(self) -> int:
        """All that were read."""
        return self.added + self.there


@dataclass(slots=True)
class Report:
    """What came of it. ``kinds`` counts what was read by the form in which it was kept."""

    sessions: Count = field(default_factory=Count)
    facts: Count = field(default_factory=Count)
    runs: Count = field(default_factory=Count)
    kinds: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    renamed: int = 0
    skipped: int = 0

    @property
    def read(self) -> int:
        """How many pieces were read."""
        return sum(self.kinds.values())


async def take_in(
    store: MovingStore, workspace: WorkspaceId, found: Iterator[Found], tell: Tell
) -> Report:
    """Put everything that is found into the workspace; what is there already stays as it is.

    ``found`` is run in threads, a few pieces ahead and never in two at once. What cannot be taken is told
    and counted, and hides nothing else. Raises what ``found`` does of ParleyError, and StoreUnavailable;
    what was put in until then stays.
    """
    report = Report()
    pieces = _by_few(found)
    few = await asyncio.to_thread(_next, pieces)
    while isinstance(few, list):
        ids: set[SessionId] = set()
        steps = [_Piece(store, workspace, one, _is_double(one, ids)) for one in few]
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step.take())
            following = group.create_task(asyncio.to_thread(_next, pieces))
        for step in steps:
            step.report(report, tell)
        for step in steps:
            if step.failure is not None:
                raise step.failure
        few = following.result()
    if few is not None:
        raise few
    return report


def _next(pieces: Iterator[list[Found]]) -> list[Found] | ParleyError | None:
    """The next few pieces, or why there are no more: then those before it are put in all the same."""
    try:
        return next(pieces, None)
    except ParleyError as error:
        return error


def _by_few(found: Iterator[Found]) -> Iterator[list[Found]]:
    few: list[Found] = []
    size = 0
    for one in found:
        few.append(one)
        if isinstance(one, FoundSession):
            size += sum(len(message.content) for message in one.brought.messages)
        if len(few) == AT_ONCE or size > MOST_AT_ONCE:
            yield few
            few, size = [], 0
    if few:
        yield few


def _is_double(one: Found, ids: set[SessionId]) -> bool:
    """Whether a session of that id is taken in at this moment."""
    if not isinstance(one, FoundSession):
        return False
    double = one.brought.id in ids
    ids.add(one.brought.id)
    return double


class _Piece:
    """One piece on its way, and what came of it."""

    def __init__(self, store: MovingStore, workspace: WorkspaceId, found: Found, double: bool) -> None:
        self._store = store
        self._workspace = workspace
        self._found = found
        self._double = double
        self.failure: StoreUnavailable | None = None
        self._told: list[Skipped | Remark] = []
        self._report = Report()

    async def take(self) -> None:
        """Put it in, or note why that failed: then the others, which run beside it, are still counted."""
        found = self._found
        try:
            match found:
                case FoundSession():
                    await self._take_session(found)
                case FoundRun():
                    await self._take_run(found)
                case Skipped() | Remark():
                    self._told.append(found)
                    return
                case _:
                    assert_never(found)
        except (UserError, StoreDamaged) as error:
            self._told.append(Skipped(found.where, str(error)))
            return
        except StoreUnavailable as error:
            self.failure = error
            return
        self._report.kinds[found.kind] = 1

    def report(self, report: Report, tell: Tell) -> None:
        """Add what came of it, and tell what has to be told."""
        mine = self._report
        for whole, part in ((report.sessions, mine.sessions), (report.facts, mine.facts)):
            whole.added += part.added
            whole.there += part.there
        report.runs.added += mine.runs.added
        report.runs.there += mine.runs.there
        report.messages += mine.messages
        report.renamed += mine.renamed
        for kind, count in mine.kinds.items():
            report.kinds[kind] = report.kinds.get(kind, 0) + count
        report.skipped += sum(isinstance(one, Skipped) for one in self._told)
        for one in self._told:
            tell(one)

    async def _take_session(self, found: FoundSession) -> None:
        brought = found.brought
        there = await self._store.get(SessionKey(self._workspace, brought.id))
        if there is None and not self._double:
            there = await self._store.bring(self._workspace, brought)
            if there.status is Status.DELETED:
                raise UserError("its session was deleted just now. Import it again in a minute.")
            self._report.sessions.added = 1
            self._report.messages = len(brought.messages)
            if there.name != brought.name:
                self._report.renamed = 1
                self._told.append(
                    Remark(found.where, f"“{brought.name}” was taken: it is “{there.name}” here")
                )
        else:
            self._report.sessions.there = 1
            newer = 0 if there is None else len(brought.messages) - there.tally.messages
            if newer > 0:
                self._told.append(
                    Remark(found.where, f"it was there already; newer messages are left out: {newer}")
                )
        for number, fact in enumerate(found.facts):
            try:
                fresh = await self._store.remember(self._workspace, fact)
            except UserError as error:
                left = len(found.facts) - number
                self._told.append(Remark(found.where, f"facts are left out: {left}. {error}"))
                return
            self._report.facts.added += fresh
            self._report.facts.there += not fresh

    async def _take_run(self, found: FoundRun) -> None:
        checkpoint, name = found.checkpoint, found.checkpoint.name
        for end in ("", f"-{checkpoint.taken_by[-6:]}", f"-{checkpoint.taken_by}"):
            wanted = replace(checkpoint, name=f"{name[: 64 - len(end)]}{end}")
            there = await self._store.checkpoint(self._workspace, wanted.name)
            if there is not None and _goes_on(there, checkpoint):
                self._report.runs.there = 1
                return
            if there is None and await self._store.save_checkpoint(self._workspace, wanted):
                self._report.runs.added = 1
                if end:
                    self._report.renamed = 1
                    self._told.append(
                        Remark(found.where, f"“{name}” was taken: it is “{wanted.name}” here")
                    )
                return
        raise UserError(f"There is a run named {name} already. Delete it, then import this one again.")


def _goes_on(there: Checkpoint, checkpoint: Checkpoint) -> bool:
    """Whether that run is this one, or this one as it went on here."""
    same = there.workflow == checkpoint.workflow
    return same and (there.taken_by == checkpoint.taken_by or there.saved_at > checkpoint.saved_at)

"""The commands about facts as plain async methods: one implementation for every surface.

As with :class:`sessions.commands.SessionCommands` a surface parses, calls and renders, and what a
person did wrong is raised as a :class:`~sessions.errors.UserError`.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sessions.commands import PAGE_SIZE, Caller
from sessions.errors import NoSuchFact, NotPermitted, UsageError
from sessions.facts.ids import fact_id
from sessions.facts.outcomes import FactAdded, FactForgotten, FactsShown, ShownFact
from sessions.facts.people import names_in
from sessions.facts.relevance import words_of
from sessions.facts.store import FactStore
from sessions.facts.taking import one_line
from sessions.model import OPEN, OPERATOR, PersonId, WorkspaceId
from sessions.names import fold
from sessions.ports.facts import LONGEST_FACT, Fact

WORDS = ("show", "add", "forget")

_EVERYBODY = PersonId("")
_MOST_TOLD = 5
_LONGEST_TOLD = 60


class FactCommands:
    """The words of ``/memory``. Parameters after ``caller`` are what a person can say.

    Facts are named by their ids, which stay the same whatever is added or forgotten meanwhile.
    """

    def __init__(
        self, store: FactStore, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._clock = clock

    async def show(self, caller: Caller, page: int = 1, *, everything: bool = False) -> FactsShown:
        """Show a page of the facts that may be read here, newest first, or all as one page."""
        if page < 1:
            raise UsageError("Pages count from 1. Say “memory show 2” for example.")
        found = await self._visible(caller, await self._workspace(caller))
        size = max(1, len(found)) if everything else PAGE_SIZE
        pages = max(1, -(-len(found) // size))
        if page > pages:
            last = "There is only one page." if pages == 1 else f"The last page is {pages}."
            raise UsageError(f"There is no page {page}. {last}")
        shown = await self._named(caller, found[(page - 1) * size : page * size])
        return FactsShown(shown, len(found), page, pages)

    async def add(self, caller: Caller, text: str, *, shared: bool = False) -> FactAdded:
        """Remember a fact about the caller, or (``shared``) about the workspace.

        It may be read where the place may be: everywhere in the workspace, or in its private channel
        only. Repeated for the same event it is kept once. Raises UsageError.
        """
        said = _checked(text)
        workspace = await self._workspace(caller)
        audience = OPEN if caller.place.audience == OPERATOR else caller.place.audience
        about = _EVERYBODY if shared else caller.person.id
        fact = Fact(fact_id(caller.event), said, audience, about, self._clock())
        if await self._store.remember(workspace, fact):
            return FactAdded(fact, fresh=True)
        kept = await self._store.facts(workspace, frozenset({audience}))
        if repeated := next((one for one in kept if one.id == fact.id), None):
            return FactAdded(repeated, fresh=True)
        same = (one for one in kept if (one.about, fold(one.text)) == (about, fold(said)))
        if former := next(same, None):
            return FactAdded(former, fresh=False)
        return FactAdded(fact, fresh=True)

    async def forget(self, caller: Caller, fact: str) -> FactForgotten:
        """Forget the fact of that id, or the only one with these words.

        Raises NoSuchFact, UsageError where several have them, and NotPermitted for everybody but the
        person it is about, administrators of the chat and the operator.
        """
        wanted = one_line(fact)
        if not wanted:
            raise UsageError("Say which fact, by its id or by words of it. “memory show” tells both.")
        workspace = await self._workspace(caller)
        found = _find(wanted, await self._visible(caller, workspace))
        return await self._forget(caller, workspace, found)

    async def _workspace(self, caller: Caller) -> WorkspaceId:
        return (await self._store.workspace(caller.place.workspace, caller.place.home)).id

    async def _visible(self, caller: Caller, workspace: WorkspaceId) -> tuple[Fact, ...]:
        return await self._store.facts(workspace, caller.audiences)

    async def _named(self, caller: Caller, facts: Sequence[Fact]) -> tuple[ShownFact, ...]:
        own = caller.person.id
        names = {own: caller.person.name, _EVERYBODY: ""}
        if any(fact.about not in names for fact in facts):
            bound = await self._store.bound(caller.place.thread)
            if bound is not None:
                names = await names_in(self._store, bound.key) | names
        return tuple(
            ShownFact(fact, names.get(fact.about, fact.about), fact.about == own) for fact in facts
        )

    async def _forget(self, caller: Caller, workspace: WorkspaceId, found: Fact) -> FactForgotten:
        may = caller.operator or found.about == caller.person.id or await caller.administers()
        if not may:
            whose = "the person whom it is about or " if found.about else ""
            raise NotPermitted(
                f"Only {whose}an administrator of this chat can have “{_told(found)}” forgotten."
            )
        return FactForgotten(await self._store.forget(workspace, found.id) or found)


def _checked(text: str) -> str:
    said = one_line(text)
    if not said:
        raise UsageError("Say what to remember, for example: memory add I prefer metric units")
    if len(said) > LONGEST_FACT:
        raise UsageError(
            f"That has {len(said):,} characters, and a fact at most {LONGEST_FACT:,}. "
            "Say it in fewer words, or as several facts."
        )
    return said


def _find(wanted: str, visible: Sequence[Fact]) -> Fact:
    by_id = next((fact for fact in visible if fact.id == wanted.casefold().strip("`[]#")), None)
    if by_id is not None:
        return by_id
    shown = wanted if len(wanted) <= _LONGEST_TOLD else f"{wanted[: _LONGEST_TOLD - 1]}…"
    if wanted.isdecimal():
        raise NoSuchFact(
            f"There is no fact “{shown}”. Facts have ids, such as 4kq2m7ta: “memory show” tells them."
        )
    exact = [fact for fact in visible if fold(fact.text) == fold(wanted)]
    words = words_of(wanted)
    having = exact or [fact for fact in visible if words and words <= words_of(fact.text)]
    if not having:
        raise NoSuchFact(
            f"Nothing is remembered here with “{shown}”. Say “memory show” to see what is there."
        )
    if len(having) > 1:
        listed = "; ".join(f"{fact.id} “{_told(fact)}”" for fact in having[:_MOST_TOLD])
        more = f"; and {len(having) - _MOST_TOLD} more" if len(having) > _MOST_TOLD else ""
        raise UsageError(f"Several facts have “{shown}”. Say the id of the one: {listed}{more}")
    return having[0]


def _told(fact: Fact) -> str:
    return fact.text if len(fact.text) <= _LONGEST_TOLD else f"{fact.text[: _LONGEST_TOLD - 1]}…"

"""A foreign session in our words, whatever it was kept in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sessions.model import (
    OPEN,
    Audience,
    Message,
    Person,
    PersonId,
    Preferences,
    SessionId,
    WorkspaceKey,
)
from sessions.moving import Found, FoundSession, Owner, Remark
from sessions.names import nearest_name
from sessions.ports.bringing import Brought
from sessions.ports.facts import Fact
from sessions.ports.turns import NEWS_LIMIT
from sessions.window import estimate_tokens
from storage.foreign.praisonai.talk import Talk

LOCAL = WorkspaceKey("local")
"""Where nobody reads but the operator, whose sessions these were."""

_BOT = re.compile(r"bot_(telegram|discord)_(\d+)")
_LONGEST_TITLE = 200
_MESSAGE_TOKENS = 4
_SAMPLE = 1_000
"""Characters by which all are judged: looking at each takes longer than all the rest."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the forms have in common. ``name`` is theirs; ``tokens`` is 0 where nobody counted."""

    where: str
    kind: str
    id: SessionId
    name: str
    created_at: datetime
    updated_at: datetime
    title: str = ""
    model: str = ""
    tokens: int = 0
    facts: tuple[Fact, ...] = ()


def said_by(name: str, user: str) -> Person | None:
    """Who speaks in a session of that name: the chat's person in a bot's, else the user that it names."""
    bot = _BOT.fullmatch(name)
    if bot is not None:
        return Person(PersonId(f"{bot[1]}:{bot[2]}"), bot[2])
    return Person(PersonId(f"praisonai:{user}"), user) if user.strip() else None


def found(kept: Kept, talk: Talk, owner: Owner) -> Iterator[Found]:
    """The session, with remarks on what was left out or got another name."""
    messages = talk.transcript()
    name = nearest_name(kept.name, f"praisonai-{kept.id[:6]}")
    title = kept.title
    if name != kept.name:
        title = f"{title} ({kept.name})" if title else kept.name
        yield Remark(kept.where, f"“{kept.name}” is no name here: it becomes “{name}”")
    yield from (Remark(kept.where, one) for one in talk.remarks())
    estimate = _estimate(messages)
    context = min(estimate, kept.tokens or estimate)
    active_at = max((kept.created_at, kept.updated_at, *(one.at for one in messages[-1:])))
    brought = Brought(
        kept.id,
        name,
        _audience(kept, owner),
        _starter(kept.name, owner),
        min((kept.created_at, *(one.at for one in messages[:1]))),
        active_at,
        " ".join(title.split())[:_LONGEST_TITLE],
        Preferences(kept.model, talk.system),
        tokens=kept.tokens or context,
        context=context,
        estimated=context > 0,
        messages=messages,
    )
    yield FoundSession(kept.where, kept.kind, brought, kept.facts)


def _audience(kept: Kept, owner: Owner) -> Audience:
    """What somebody said to a bot alone is not read by a group: there only the operator sees it."""
    bot = _BOT.fullmatch(kept.name)
    if bot is None or owner.workspace in (LOCAL, f"{bot[1]}:{bot[2]}"):
        return OPEN
    return Audience(f"praisonai:{kept.id}")


def _starter(name: str, owner: Owner) -> PersonId:
    bot = _BOT.fullmatch(name)
    return owner.person if bot is None else PersonId(f"{bot[1]}:{bot[2]}")


def _estimate(messages: tuple[Message, ...]) -> int:
    """What the newest call may have cost: nobody kept it."""
    newest = messages[-NEWS_LIMIT:]
    characters, sample = sum(len(one.content) for one in newest), ""
    for one in reversed(newest):
        sample += one.content[: _SAMPLE - len(sample)]
        if len(sample) == _SAMPLE:
            break
    tokens = estimate_tokens(sample) * characters // len(sample) if sample else 0
    return tokens + _MESSAGE_TOKENS * len(newest)

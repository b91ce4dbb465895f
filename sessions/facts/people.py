"""The names of people in a session, as they stand in its transcript: facts know people by their ids."""

from sessions.facts.relevance import words_of
from sessions.model import Person, PersonId, SessionKey
from sessions.ports.catalog import Catalog

_MESSAGES = 200
_LONGEST_NAME = 64


async def names_in(store: Catalog, session: SessionKey) -> dict[PersonId, str]:
    """Return who spoke among the newest messages of the session, by their newest names."""
    found = await store.transcript(session, None, _MESSAGES)
    authors = (message.author for message in found if message.author is not None)
    return {author.id: shown_name(author) for author in authors}


def shown_name(person: Person) -> str:
    """Return the person's name as one line of bounded length; without one, the id."""
    return " ".join(person.name.split())[:_LONGEST_NAME].strip() or person.id


def is_named(person: PersonId, name: str, text: str) -> bool:
    """Whether the text names the person: by a word of the name, or as Discord writes a mention."""
    id_ = person.partition(":")[2]
    return bool(words_of(name) & words_of(text)) or f"<@{id_}>" in text or f"<@!{id_}>" in text

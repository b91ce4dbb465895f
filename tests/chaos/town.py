"""The chats: private ones, topics of private ones and of groups, and who says what in them and when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from sessions.model import Platform, ThreadRef
from tests.chaos.plan import Plan
from tests.chaos.talk import Key, Question
from tests.emulators.telegram import BotApi, Message, Person

_GROUPS = 5
_MEMBERS = ("Ada", "Bob", "Cy")
_LONG = 0.02
_BURSTS = (1, 1, 2, 3, 5)


@dataclass
class Chat:
    """A thread, its people, and what they have asked so far with the message ids."""

    number: int
    place: int
    topic: int | None
    people: list[Person]
    asked: list[tuple[Question, Message]] = field(default_factory=list)

    @property
    def thread(self) -> ThreadRef:
        return ThreadRef(Platform.TELEGRAM, str(self.place), str(self.topic or ""))

    def ask(self, chance: random.Random) -> None:
        """One of its people asks the next question; the first in a group calls the bot by its name."""
        question = Question(Key(self.number, len(self.asked) + 1), chance.random() < _LONG)
        call = "@parley_bot " if self.place < 0 and not self.asked else ""
        person = chance.choice(self.people)
        said = person.say(self.place, call + question.text, thread=self.topic)
        self.asked.append((question, said))


def settle(telegram: BotApi, count: int) -> list[Chat]:
    """Make the chats: of ten, two are private, two topics of a private one, six topics of groups."""
    chats: list[Chat] = []
    groups = [_group(telegram, f"Group {number}") for number in range(_GROUPS)]
    for number in range(1, count + 1):
        match number % 10:
            case 0 | 1:
                person = telegram.add_person(f"Person {number}")
                chats.append(Chat(number, person.id, None, [person]))
            case 2 | 3:
                person = telegram.add_person(f"Person {number}")
                telegram.world.open_private_chat(person.user)
                topic = person.create_topic(person, f"Topic {number}")
                chats.append(Chat(number, person.id, topic.id, [person]))
            case _:
                place, people = groups[number % _GROUPS]
                topic = telegram.groups.create_topic(place, f"Topic {number}")
                chats.append(Chat(number, place, topic.id, people))
    return chats


def bursts(plan: Plan, chats: list[Chat]) -> Iterator[tuple[Chat, int]]:
    """Who speaks next, and how many messages at once, until all are said."""
    chance, left = plan.chance("bursts"), plan.messages
    while left:
        count = min(left, chance.choice(_BURSTS))
        yield chance.choice(chats), count
        left -= count


def _group(telegram: BotApi, title: str) -> tuple[int, list[Person]]:
    people = [telegram.add_person(f"{name} of {title}") for name in _MEMBERS]
    group = telegram.add_supergroup(title, people[0], *people[1:], forum=True)
    return group.id, people

"""The chats: private ones, topics and threads on two platforms, and who says what in them and when."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sessions.model import Platform, ThreadRef
from tests.chaos.plan import Plan
from tests.chaos.talk import Key, Question
from tests.emulators.discord import Discord
from tests.emulators.telegram import BotApi, Person

_GROUPS = 5
_NAMES = ("Ada", "Bob", "Cy")
_LONG = 0.02
_BURSTS = (1, 1, 2, 3, 5)

Say = Callable[[str, random.Random], tuple[int, datetime]]
"""Lets one of a chat's people say something; gives the message's id and time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it stands in the chat."""

    question: Question
    message: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot: what it says, under which message, since when and before; whether deleted."""

    id: int
    text: str
    under: int | None
    at: Sequence[datetime]
    gone: bool


@dataclass(slots=True)
class Chat:
    """A thread; ``call`` is how the bot is called in it for the first time."""

    number: int
    thread: ThreadRef
    say: Say
    call: str = ""
    asked: list[Asked] = field(default_factory=list)

    def ask(self, chance: random.Random) -> None:
        """One of its people asks the next question."""
        question = Question(Key(self.number, len(self.asked) + 1), chance.random() < _LONG)
        call = "" if self.asked else self.call
        self.asked.append(Asked(question, *self.say(call + question.text, chance)))


class Town:
    """All chats. Of ten, two are private, two topics of a private one, four of groups, two on Discord."""

    def __init__(self, telegram: BotApi, discord: Discord, count: int) -> None:
        self._telegram, self._discord = telegram, discord
        self._people = [discord.user(name.lower()) for name in _NAMES]
        self._guild = discord.guild("Guild")
        for person in self._people:
            self._guild.join(person)
        self._channel = self._guild.text("talk")
        self._groups = [self._group(f"Group {number}") for number in range(_GROUPS)]
        self.chats = [self._chat(number) for number in range(1, count + 1)]

    def shown(self) -> dict[ThreadRef, list[Shown]]:
        """Everything that the bot ever said, by thread, in the order of the messages."""
        found = defaultdict[ThreadRef, list[Shown]](list)
        for place in {chat.thread.chat for chat in self.of(Platform.TELEGRAM)}:
            for one in self._telegram.chat(int(place)).everything:
                if one.by_bot:
                    thread = ThreadRef(Platform.TELEGRAM, place, str(one.thread_id or ""))
                    at = [revision.at for revision in one.history] or [one.at]
                    shown = Shown(one.id, one.text, one.reply_to, at, one.deleted_at is not None)
                    found[thread].append(shown)
        for chat in self.of(Platform.DISCORD):
            for seen in self._discord.channel(int(chat.thread.chat)).everything():
                if seen.author_id == self._discord.bot.id:
                    at = [seen.created_at, *(revision.at for revision in seen.history)]
                    gone = seen.deleted_at is not None
                    found[chat.thread].append(Shown(seen.id, seen.content, seen.reply_to, at, gone))
        return found

    def of(self, platform: Platform) -> list[Chat]:
        """The chats of one platform."""
        return [chat for chat in self.chats if chat.thread.platform is platform]

    def _chat(self, number: int) -> Chat:
        match number % 10:
            case 0 | 1:
                return self._private(number, topic=False)
            case 2 | 3:
                return self._private(number, topic=True)
            case 4:
                return self._direct(number)
            case 5:
                return self._discord_thread(number)
            case _:
                return self._group_topic(number)

    def _private(self, number: int, *, topic: bool) -> Chat:
        person = self._telegram.add_person(f"Person {number}")
        self._telegram.world.open_private_chat(person.user)
        thread = person.create_topic(person, f"Topic {number}").id if topic else None

        def say(text: str, _: random.Random) -> tuple[int, datetime]:
            said = person.say(person, text, thread=thread)
            return said.id, said.at

        return Chat(number, ThreadRef(Platform.TELEGRAM, str(person.id), str(thread or "")), say)

    def _group_topic(self, number: int) -> Chat:
        place, people = self._groups[number % _GROUPS]
        topic = self._telegram.groups.create_topic(place, f"Topic {number}").id

        def say(text: str, chance: random.Random) -> tuple[int, datetime]:
            said = chance.choice(people).say(place, text, thread=topic)
            return said.id, said.at

        call = f"@{self._telegram.bot.username} "
        return Chat(number, ThreadRef(Platform.TELEGRAM, str(place), str(topic)), say, call)

    def _group(self, title: str) -> tuple[int, list[Person]]:
        people = [self._telegram.add_person(f"{name} of {title}") for name in _NAMES]
        group = self._telegram.add_supergroup(title, people[0], *people[1:], forum=True)
        return group.id, people

    def _direct(self, number: int) -> Chat:
        user = self._discord.user(f"person-{number}")
        self._guild.join(user)
        person, conversation = self._discord.person(user), self._discord.dm(user).id

        def say(text: str, _: random.Random) -> tuple[int, datetime]:
            said = person.dm(text)
            return said.id, said.created_at

        return Chat(number, ThreadRef(Platform.DISCORD, str(conversation)), say)

    def _discord_thread(self, number: int) -> Chat:
        people = [self._discord.person(user) for user in self._people]
        thread = people[0].open_thread(self._channel, f"thread {number}").id

        def say(text: str, chance: random.Random) -> tuple[int, datetime]:
            said = chance.choice(people).say(thread, text)
            return said.id, said.created_at

        call = f"{self._discord.bot.mention} "
        return Chat(number, ThreadRef(Platform.DISCORD, str(thread)), say, call)


def bursts(plan: Plan, chats: Sequence[Chat], messages: int) -> Iterator[tuple[Chat, int]]:
    """Who speaks next, and how many messages at once, until all are said."""
    chance, left = plan.chance("bursts"), messages
    while left:
        count = min(left, chance.choice(_BURSTS))
        yield chance.choice(chats), count
        left -= count

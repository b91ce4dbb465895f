"""Promises 1 to 5 for two processes on one Redis, of which one dies at an exact spot of a turn."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bots.telegram.rendering import REPEAT_LINE
from bots.telegram.updates import thread_of
from tests.emulators.openai import Answer, ModelServer, Received, echo
from tests.emulators.telegram import BotApi, Flood
from tests.emulators.telegram.people import Person
from tests.promises.spots import WAIT, Pair, pair
from tests.redis_servers import Request

LONG = "\n".join(f"line {number:04} of a long answer" for number in range(400))
"""Three messages on Telegram."""


def answer(request: Received) -> str | Answer:
    if request.last_user_text.startswith("at length"):
        return Answer(text=LONG, chunks=4)
    return echo(request)


class Town:
    """The pair, and Telegram as its people see it."""

    def __init__(self, pair: Pair, telegram: BotApi) -> None:
        self.pair = pair
        self.telegram = telegram

    def person(self) -> Person:
        return self.telegram.add_person("Ada")

    def shown(self, person: Person) -> list[str]:
        """What stands there of the bot."""
        return [message.text for message in self.telegram.chat(person).visible() if message.by_bot]

    async def wait_answer(self, person: Person, text: str) -> None:
        await self.telegram.chat(person).wait_text(text, timeout=WAIT)

    async def transcript(self, person: Person) -> list[tuple[str, str]]:
        return await self.pair.transcript(thread_of(person.id))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("spots")
    async with ModelServer.start() as models, BotApi.start(flood=Flood.off()) as telegram:
        models.answer = answer
        token = {"PARLEY_TELEGRAM_TOKEN": "42:TEST", "PARLEY_TELEGRAM_API_BASE": telegram.base_url}
        async with pair(folder, models, token) as both:
            yield Town(both, telegram)


@pytest_asyncio.fixture(loop_scope="module")
async def town(shared: Town) -> Town:
    """Both processes as after a start."""
    await shared.pair.ready()
    return shared


async def test_killed_after_accept_its_message_and_the_next_are_answered_once_and_in_order(
    town: Town,
) -> None:
    ada = town.person()
    spot = town.pair.receiving.freezes_after("accept")
    ada.say(ada, "one")
    await spot.wait()
    ada.say(ada, "two")
    assert town.telegram.pending_updates
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] two")
    assert town.shown(ada) == ["[2] one", "[4] two"]
    assert town.pair.asked("one") == 1
    said = [("person", "one"), ("model", "[2] one"), ("person", "two"), ("model", "[4] two")]
    assert await town.transcript(ada) == said


async def test_killed_after_it_accepted_without_a_lease_another_answers_at_once(town: Town) -> None:
    busy = [town.person() for _ in range(8)]
    ada = town.person()
    gate = town.pair.models.hold(lambda request: request.last_user_text == "busy")
    await town.pair.receiving.asked_for("muster", times=2)
    for person in busy:
        person.say(person, "busy")
    await town.pair.models.wait_until(lambda: town.pair.asked("busy") == len(busy))
    spot = town.pair.receiving.freezes_after("accept", lambda request: _mentions(request, b"spare"))
    ada.say(ada, "spare")
    await spot.wait()
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[2] spare")
    assert not any("[2] busy" in town.shown(person) for person in busy)
    gate.open()
    for person in busy:
        await town.wait_answer(person, "[2] busy")
    assert town.shown(ada) == ["[2] spare"]
    assert town.pair.asked("spare") == 1
    assert await town.transcript(ada) == [("person", "spare"), ("model", "[2] spare")]
    assert all(town.shown(person) == ["[2] busy"] for person in busy)


async def test_killed_after_the_model_answered_it_is_asked_again_and_one_answer_stands(
    town: Town,
) -> None:
    ada = town.person()
    gate = town.pair.models.hold()
    spot = town.pair.receiving.freezes_before("commit")
    ada.say(ada, "a longer question")
    await gate.release(2)
    await town.wait_answer(ada, "[2] a longer ")
    ada.say(ada, "next")
    gate.open()
    await spot.wait()
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] next")
    assert town.shown(ada) == ["[2] a longer question", "[4] next"]
    assert town.pair.asked("a longer question") == 2
    said = [("person", "a longer question"), ("model", "[2] a longer question")]
    assert await town.transcript(ada) == [*said, ("person", "next"), ("model", "[4] next")]


async def test_killed_before_the_last_send_another_sends_it_without_asking_the_model(
    town: Town,
) -> None:
    ada = town.person()
    # The second one to be noted while two messages stand there is the intent to send a third.
    notes: list[Request] = []
    spot = town.pair.receiving.freezes_before(
        "note_reply", lambda request: _counted(notes, request, town, ada, 2) == 2
    )
    ada.say(ada, "at length before the last")
    await spot.wait()
    ada.say(ada, "next")
    shown = town.shown(ada)
    assert len(shown) == 2
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] next")
    assert "\n".join(town.shown(ada)[:-1]) == LONG
    assert town.shown(ada)[:2] == shown
    assert len(town.shown(ada)) == 4
    assert town.pair.asked("at length before the last") == 1
    assert (await town.transcript(ada))[1:] == [
        ("model", LONG),
        ("person", "next"),
        ("model", "[4] next"),
    ]


def _mentions(request: Request, text: bytes) -> bool:
    return any(text in word for word in request.words)


def _counted(notes: list[Request], request: Request, town: Town, person: Person, shown: int) -> int:
    """How many of these requests came while so many messages stood there."""
    if len(town.shown(person)) == shown:
        notes.append(request)
    return len(notes)


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

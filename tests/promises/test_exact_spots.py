"""Promises 1 to 5 for two processes on one Redis, of which one dies at an exact spot of a turn."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from bots.telegram.rendering import REPEAT_LINE
from bots.telegram.updates import thread_of
from tests.emulators.openai import Answer, ModelServer, Received, echo
from tests.emulators.telegram import BotApi, Flood
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.wire import ApiCall
from tests.promises.spots import LEASE, WAIT, Pair, pair
from tests.redis_servers import Request

LONG = "\n".join(f"line {number:04} of a long answer" for number in range(400))
"""Three messages on Telegram."""


def contested(attempt: int) -> str:
    """What the model says each time it is asked: it tells who asked."""
    return " ".join([f"attempt {attempt}:", *(f"word {number:02}" for number in range(50))])


class Model:
    """Says it at length, or differently each time, where it is asked to; else it is an echo."""

    def __init__(self) -> None:
        self._attempts = 0

    def __call__(self, request: Received) -> str | Answer:
        if request.last_user_text.startswith("contested"):
            self._attempts += 1
            pace = 0.12 if self._attempts == 1 else None
            return Answer(text=contested(self._attempts), delay_between=pace)
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

    def calls(self, *people: Person) -> list[ApiCall]:
        """Every call into their chats."""
        chats = {person.id for person in people}
        return [call for call in self.telegram.calls if call.chat_id in chats]

    def now(self) -> datetime:
        """The time as the calls have it."""
        return self.telegram.world.now()

    async def wait_answer(self, person: Person, text: str) -> None:
        await self.telegram.chat(person).wait_text(text, timeout=WAIT)

    async def transcript(self, person: Person) -> list[tuple[str, str]]:
        return await self.pair.transcript(thread_of(person.id))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("spots")
    async with ModelServer.start() as models, BotApi.start(flood=Flood.off()) as telegram:
        models.answer = Model()
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
    await town.pair.models.wait_until(lambda: town.pair.asked("busy") == len(busy), timeout_s=WAIT)
    spot = town.pair.receiving.freezes_after("accept", lambda request: _mentions(request, b"spare"))
    ada.say(ada, "spare")
    await spot.wait()
    ada.say(ada, "next")
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[2] spare")
    assert not any("[2] busy" in town.shown(person) for person in busy)
    gate.open()
    for person in busy:
        await town.wait_answer(person, "[2] busy")
    await town.wait_answer(ada, "[4] next")
    assert town.shown(ada) == ["[2] spare", "[4] next"]
    assert town.pair.asked("spare") == 1
    said = [("person", "spare"), ("model", "[2] spare")]
    assert await town.transcript(ada) == [*said, ("person", "next"), ("model", "[4] next")]
    assert all(town.shown(person) == ["[2] busy"] for person in busy)


async def test_killed_after_the_model_answered_it_is_asked_again_and_one_answer_stands(
    town: Town,
) -> None:
    ada = town.person()
    gate = town.pair.models.hold()
    spot = town.pair.receiving.freezes_before("commit")
    ada.say(ada, "a longer question")
    await gate.release(2, timeout_s=WAIT)
    await town.wait_answer(ada, "[2] a longer ")
    ada.say(ada, "next")
    gate.open()
    await spot.wait()
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] next")
    assert town.shown(ada) == ["[2] a longer question", "[4] next"]
    assert town.pair.asked("a longer question") >= 2
    said = [("person", "a longer question"), ("model", "[2] a longer question")]
    assert await town.transcript(ada) == [*said, ("person", "next"), ("model", "[4] next")]


async def test_killed_before_the_last_send_another_sends_it_without_asking_the_model(
    town: Town,
) -> None:
    ada = town.person()
    notes = Notes(town, ada, shown=2)
    # The second one to be noted while two messages stand there is the intent to send a third.
    spot = town.pair.receiving.freezes_before("note_reply", lambda one: notes.count(one) == 2)
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


async def test_killed_before_it_noted_its_first_message_at_most_an_empty_placeholder_stays(
    town: Town,
) -> None:
    ada = town.person()
    notes = Notes(town, ada, shown=1)
    spot = town.pair.receiving.freezes_before("note_reply", lambda one: notes.count(one) == 1)
    ada.say(ada, "hello")
    await spot.wait()
    ada.say(ada, "next")
    assert town.shown(ada) == ["…"]
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] next")
    assert town.shown(ada) == ["…", "[2] hello", "[4] next"]
    said = [("person", "hello"), ("model", "[2] hello")]
    assert await town.transcript(ada) == [*said, ("person", "next"), ("model", "[4] next")]


async def test_killed_before_it_noted_a_later_message_that_one_is_sent_again_and_says_so(
    town: Town,
) -> None:
    ada = town.person()
    notes = Notes(town, ada, shown=2)
    spot = town.pair.receiving.freezes_before("note_reply", lambda one: notes.count(one) == 1)
    ada.say(ada, "at length before the note")
    await spot.wait()
    ada.say(ada, "next")
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] next")
    first, second, again, *rest, after = town.shown(ada)
    assert again.startswith(REPEAT_LINE)
    assert again.removeprefix(REPEAT_LINE) == second
    assert "\n".join([first, second, *rest]) == LONG
    assert after == "[4] next"
    assert town.pair.asked("at length before the note") == 1
    said = [("model", LONG), ("person", "next"), ("model", "[4] next")]
    assert (await town.transcript(ada))[1:] == said


@pytest.mark.parametrize("recorded", [False, True])
async def test_killed_after_the_last_edit_no_second_answer_appears(town: Town, recorded: bool) -> None:
    ada, receiving = town.person(), town.pair.receiving
    freezes = receiving.freezes_after if recorded else receiving.freezes_before
    spot = freezes("delivered")
    gate = town.pair.models.hold(lambda request: request.last_user_text == "hello")
    ada.say(ada, "hello")
    await town.pair.models.wait_for_request(
        lambda request: request.last_user_text == "hello", timeout_s=WAIT
    )
    ada.say(ada, "next")
    gate.open()
    await spot.wait()
    assert town.shown(ada) == ["[2] hello"]
    await town.pair.kill_receiving()
    await town.wait_answer(ada, "[4] next")
    assert town.shown(ada) == ["[2] hello", "[4] next"]
    assert len([one for one in town.telegram.chat(ada).everything if one.by_bot]) == 2
    said = [("person", "hello"), ("model", "[2] hello")]
    assert await town.transcript(ada) == [*said, ("person", "next"), ("model", "[4] next")]


async def test_stopped_for_longer_than_the_lease_it_sends_nothing_when_it_goes_on(town: Town) -> None:
    ada, bob, models = town.person(), town.person(), town.pair.models
    loser, winner = town.pair.receiving, town.pair.standing_by
    gate = models.hold(lambda request: request is _first(models, "streaming and more"))
    ada.say(ada, "streaming and more")
    await gate.release(2, timeout_s=WAIT)
    await town.wait_answer(ada, "[2] streaming")
    begun = town.shown(ada)
    # Bob's placeholder is to be sent as soon as its intent is noted.
    spot = loser.freezes_at("note_reply", lambda request: _mentions(request, f":{bob.id}:".encode()))
    bob.say(bob, "about to")
    await spot.wait()
    ada.say(ada, "next")
    await town.wait_answer(ada, "[4] next")
    await town.wait_answer(bob, "[2] about to")
    assert winner.log.count("turn.committed") >= 3
    calls = town.calls(ada, bob)
    gate.open()
    loser.thaw()
    await loser.logged("lane.lease_lost", times=2)
    assert town.calls(ada, bob) == calls
    assert begun[0] not in town.shown(ada)
    ada.say(ada, "after")
    await town.wait_answer(ada, "[6] after")
    assert town.shown(ada) == ["[2] streaming and more", "[4] next", "[6] after"]
    assert town.shown(bob) == ["[2] about to"]
    models_said = [text for who, text in await town.transcript(ada) if who == "model"]
    assert models_said == town.shown(ada)


async def test_cut_off_from_redis_while_streaming_it_sends_nothing_past_its_lease(town: Town) -> None:
    ada, models, loser = town.person(), town.pair.models, town.pair.receiving
    gate = models.hold(lambda request: request.last_user_text == "contested: next")
    ada.say(ada, "contested: who answers?")
    await town.wait_answer(ada, "attempt 1")
    loser.way.stall()
    cut = town.now()
    ada.say(ada, "contested: next")
    await town.wait_answer(ada, "attempt 2")
    await models.wait_for_request(
        lambda request: request.last_user_text == "contested: next", timeout_s=WAIT
    )
    loser.way.go_on()
    await loser.logged("lane.lease_lost")
    gate.open()
    await town.wait_answer(ada, "attempt 3")
    of_loser = [call for call in town.calls(ada) if "attempt 1" in str(call.params.get("text"))]
    assert cut < max(call.at for call in of_loser) <= cut + timedelta(seconds=LEASE)
    deleted = [call.params["message_id"] for call in town.calls(ada) if call.method == "deleteMessage"]
    assert len(deleted) == 1
    assert town.shown(ada) == [contested(2), contested(3)]
    models_said = [text for who, text in await town.transcript(ada) if who == "model"]
    assert models_said == town.shown(ada)


@dataclass
class Notes:
    """Counts what is noted of an answer while so many messages of the bot stand there."""

    town: Town
    person: Person
    shown: int
    seen: list[Request] = field(default_factory=list)

    def count(self, request: Request) -> int:
        if len(self.town.shown(self.person)) == self.shown:
            self.seen.append(request)
        return len(self.seen)


def _first(models: ModelServer, text: str) -> Received | None:
    """The first request that asked this, if it was asked."""
    return next((request for request in models.requests if request.last_user_text == text), None)


def _mentions(request: Request, text: bytes) -> bool:
    return any(text in word for word in request.words)


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

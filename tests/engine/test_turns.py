"""One engine: order, context, stop, failure, retry, deletion."""

import asyncio

import pytest

from sessions.engine import EngineSettings
from sessions.errors import ContextTooLong, ModelDown, NothingToRetry, StoreUnavailable
from sessions.model import Ending, Role
from sessions.ports.catalog import DELETED_NOTE
from sessions.ports.model import Prompt
from sessions.window import estimate_prompt, estimate_tokens
from tests.engine.conftest import Core
from tests.engine.parts import BOB, asked_again, said, until


async def test_a_second_message_is_answered_with_the_first_in_context(core: Core) -> None:
    async with core.engine() as engine:
        await engine.accept(said("my name is Ada", 1))
        await core.screen.wait(1)
        await engine.accept(said("who am I?", 2))
        await core.screen.wait(2)
    contents = [message.content for message in core.model.prompts[1].messages]
    assert contents[1:] == ["my name is Ada", "re: my name is Ada", "who am I?"]
    assert core.screen.texts == ["re: my name is Ada", "re: who am I?"]


async def test_messages_of_one_session_are_answered_one_at_a_time_and_in_order(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        for number in range(1, 6):
            await engine.accept(said(f"message {number}", number))
        core.model.let()
        await core.screen.wait(5)
    assert [asked for asked, _ in core.screen.finished] == [f"message {n}" for n in range(1, 6)]
    assert core.model.most_running == 1


async def test_sessions_do_not_wait_for_each_other(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        await engine.accept(said("slow", 1, "7"))
        await engine.accept(said("also slow", 2, "8"))
        await until(lambda: core.model.running == 2)
        core.model.let()
        await core.screen.wait(2)


async def test_an_event_that_comes_again_makes_no_second_turn(core: Core) -> None:
    async with core.engine() as engine:
        first = await engine.accept(said("once", 1))
        again = await engine.accept(said("once", 1))
        await core.screen.wait(1)
        later = await engine.accept(said("once", 1))
    assert [first.fresh, again.fresh, later.fresh] == [True, False, False]
    assert core.screen.texts == ["re: once"]


async def test_people_in_one_session_are_told_apart(core: Core) -> None:
    async with core.engine() as engine:
        await engine.accept(said("I like tea", 1))
        await core.screen.wait(1)
        await engine.accept(said("I like coffee", 2, person=BOB))
        await core.screen.wait(2)
    asked = [m.content for m in core.model.prompts[1].messages if m.role is Role.USER]
    assert asked == ["Ada: I like tea", "Bob: I like coffee"]


async def test_stop_ends_the_running_answer_and_the_next_message_follows(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        await engine.accept(said("tell me all", 1))
        await engine.accept(said("and then?", 2))
        core.model.let(1)
        await until(lambda: bool(core.screen.replies and core.screen.replies[0].snapshots))
        outcome = await core.commands.stop(core.caller(3))
        await core.screen.wait(1)
        core.model.let()
        await core.screen.wait(2)
    assert outcome.running
    endings = [answer.ending for _, answer in core.screen.finished]
    assert endings == [Ending.STOPPED, Ending.ANSWERED]
    assert core.screen.texts[0] == "re:"
    assert (await core.transcript())[:2] == [("user", "tell me all"), ("assistant", "re:")]


async def test_a_turn_stopped_before_its_first_word_leaves_no_empty_message(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: core.model.running == 1)
        await core.commands.stop(core.caller(2))
        await core.screen.wait(1)
    assert await core.transcript() == [("user", "hello")]


async def test_a_stopped_answer_counts_the_prompt_that_was_sent_and_a_failed_one_nothing(
    core: Core,
) -> None:
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await core.screen.wait(1)
        counted = (await core.session()).tally
        core.model.hold()
        await engine.accept(said("tell me all about it", 2))
        core.model.let(1)
        await until(lambda: len(core.screen.replies) == 2 and bool(core.screen.replies[1].snapshots))
        await core.commands.stop(core.caller(3))
        await core.screen.wait(2)
        stopped = (await core.session()).tally
        estimate = estimate_prompt(core.model.prompts[1]) + estimate_tokens("re:")
        assert (counted.context, counted.tokens, counted.estimated) == (15, 15, False)
        assert (stopped.context, stopped.tokens, stopped.estimated) == (estimate, 15 + estimate, True)

        def down(_: Prompt) -> str:
            raise ModelDown("The model is away.")

        core.model.answer = down
        core.model.let()
        await engine.accept(said("once more", 4))
        await core.screen.wait(3)
    failed = (await core.session()).tally
    assert (failed.context, failed.tokens) == (stopped.context, stopped.tokens)


async def test_a_failing_model_is_told_and_the_message_stays_for_retry(core: Core) -> None:
    def down(_: Prompt) -> str:
        raise ModelDown("The model is away.")

    works, core.model.answer = core.model.answer, down
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await core.screen.wait(1)
        core.model.answer = works
        await engine.accept(asked_again(2))
        await core.screen.wait(2)
    failed, retried = (answer for _, answer in core.screen.finished)
    assert (failed.ending, failed.note) == (Ending.FAILED, "The model is away.")
    assert (retried.ending, retried.text) == (Ending.ANSWERED, "re: hello")
    assert await core.transcript() == [("user", "hello"), ("assistant", "re: hello")]
    assert all("away" not in m.content for m in core.model.prompts[-1].messages)


async def test_a_retried_answer_takes_the_place_of_the_first_in_the_window(core: Core) -> None:
    answers = iter(["first", "second", "third"])
    core.model.answer = lambda _: next(answers)
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await core.screen.wait(1)
        await engine.accept(asked_again(2))
        await core.screen.wait(2)
        await engine.accept(said("go on", 3))
        await core.screen.wait(3)
    contents = [message.content for message in core.model.prompts[2].messages[1:]]
    assert contents == ["hello", "second", "go on"]
    assert len(await core.transcript()) == 5


async def test_retry_in_a_session_without_messages_says_so(core: Core) -> None:
    await core.commands.start(core.caller(1), "empty")
    with pytest.raises(NothingToRetry):
        await core.commands.check_retry(core.caller(2))


async def test_an_unforeseen_failure_is_told_with_an_incident_and_the_inbox_goes_on(core: Core) -> None:
    works = core.model.answer

    def broken(prompt: Prompt) -> str:
        core.model.answer = works
        raise ZeroDivisionError(prompt)

    core.model.answer = broken
    async with core.engine() as engine:
        await engine.accept(said("one", 1))
        await engine.accept(said("two", 2))
        await core.screen.wait(2)
    (_, failed), (_, answered) = core.screen.finished
    assert failed.ending is Ending.FAILED
    assert "incident" in failed.note
    assert answered.text.endswith("two")


async def test_an_answer_that_cannot_be_shown_is_replaced_by_an_apology(core: Core) -> None:
    core.screen.broken = 1
    async with core.engine() as engine:
        await engine.accept(said("one", 1))
        await engine.accept(said("two", 2))
        await core.screen.wait(2)
    assert core.screen.finished[0][1].ending is Ending.FAILED
    assert core.screen.texts[1].endswith("two")


async def test_a_context_that_is_too_long_is_shortened_until_it_fits(core: Core) -> None:
    async with core.engine() as engine:
        for number in range(1, 9):
            await engine.accept(said(f"message {number} " + "word " * 100, number))
            await core.screen.wait(number)
        limit = 6

        def picky(prompt: Prompt) -> str:
            if len(prompt.messages) > limit:
                raise ContextTooLong("too long")
            return "fits"

        core.model.answer = picky
        await engine.accept(said("last", 9))
        await core.screen.wait(9)
    assert core.screen.texts[-1] == "fits"
    assert core.model.prompts[-1].messages[-1].content == "last"


async def test_deleting_a_session_tells_everyone_who_waits_and_brings_nothing_back(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        for number in range(1, 4):
            await engine.accept(said(f"message {number}", number))
        await until(lambda: core.model.running == 1)
        session = await core.session()
        await core.commands.delete_id(core.caller(9), session.key.id)
        await core.screen.wait(3)
        core.model.let()
    assert [answer.ending for _, answer in core.screen.finished] == [Ending.UNANSWERED] * 3
    assert {answer.note for _, answer in core.screen.finished} == {DELETED_NOTE}
    assert await core.store.get(session.key) is None
    assert await core.store.transcript(session.key, None, 10) == ()


async def test_an_inbound_stays_with_the_session_that_accepted_it(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        await engine.accept(said("for the first", 1))
        first = await core.session()
        await core.commands.start(core.caller(2), "second")
        await engine.accept(said("for the second", 3))
        core.model.let()
        await core.screen.wait(2)
        assert [m.content for m in await core.store.transcript(first.key, None, 9)] == [
            "for the first",
            "re: for the first",
        ]


async def test_usage_that_the_api_does_not_report_is_estimated_and_marked(core: Core) -> None:
    core.model.usage = None
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await core.screen.wait(1)
    tally = (await core.session()).tally
    assert tally.estimated
    assert tally.tokens > 0


async def test_what_the_store_cannot_take_is_not_accepted(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    async with core.engine() as engine:
        with monkeypatch.context() as patch:
            patch.setattr(core.store, "accept", away)
            with pytest.raises(StoreUnavailable):
                await engine.accept(said("hello", 1))
        await engine.accept(said("hello", 1))
        await core.screen.wait(1)
    assert core.screen.texts == ["re: hello"]


async def test_a_commit_that_the_store_refuses_for_a_while_is_repeated(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    works, failures = core.store.commit, [StoreUnavailable("locked")] * 2

    async def sometimes(*arguments: object) -> object:
        if failures:
            raise failures.pop()
        return await works(*arguments)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(core.store, "commit", sometimes)
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await core.screen.wait(1)
    assert await core.transcript() == [("user", "hello"), ("assistant", "re: hello")]


async def test_more_sessions_than_lanes_are_all_answered(core: Core) -> None:
    async with core.engine(settings=EngineSettings(max_lanes=2)) as engine:
        await asyncio.gather(
            *(engine.accept(said(f"in {topic}", topic, str(topic))) for topic in range(1, 12))
        )
        await core.screen.wait(11)
    assert core.model.most_running <= 2

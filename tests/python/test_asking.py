"""Agents in an event loop, before a model server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from parley import Agent, MemoryConfig, Unanswered
from sessions.errors import UsageError
from sessions.model import WorkspaceKey
from sessions.ports.store import Store
from storage.opening import open_store
from tests.emulators.openai import Answer, ModelServer

LOCAL_WORKSPACE = WorkspaceKey("local")


@pytest.fixture
async def store(models: ModelServer) -> AsyncIterator[Store]:
    async with open_store("memory:") as opened:
        yield opened


async def test_an_answer_can_be_awaited_and_told_as_it_comes(models: ModelServer) -> None:
    models.enqueue("The first.", Answer(text="The second answer.", chunks=6))
    async with Agent(store="memory:") as agent:
        assert await agent.ask("one") == "The first."
        asking = agent.ask("two")
        pieces = [piece async for piece in asking]
    assert "".join(pieces) == "The second answer."
    assert asking.answer is not None
    assert asking.answer.text == "The second answer."
    assert models.requests[-1].said[1:] == [("user", "one"), ("assistant", "The first."), ("user", "two")]


async def test_waiting_where_an_event_loop_runs_is_refused(models: ModelServer) -> None:
    async with Agent(store="memory:") as agent:
        with pytest.raises(UsageError, match=r"await agent\.ask\(…\) instead"):
            agent.start("hello")


async def test_several_questions_at_once_are_answered_in_order(models: ModelServer) -> None:
    async with Agent(store="memory:") as agent:
        models.enqueue("First.", "Second.", "Third.")
        asked = [agent.ask(text) for text in ("one", "two", "three")]
        assert await asyncio.gather(*asked) == ["First.", "Second.", "Third."]
    assert [request.last_user_text for request in models.requests] == ["one", "two", "three"]


async def test_an_agent_outlives_event_loops(models: ModelServer) -> None:
    with Agent(store="memory:") as agent:
        for text in ("one", "two"):
            models.enqueue(f"To {text}.")
            answer = await asyncio.to_thread(asyncio.run, _asked(agent, text))
            assert answer == f"To {text}."
        models.enqueue("To three.")
        assert await asyncio.to_thread(agent.start, "three") == "To three."
    assert len(models.requests[-1].said) == 6


async def _asked(agent: Agent, text: str) -> str:
    return await agent.ask(text)


async def test_a_failed_answer_is_an_error(models: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    async with Agent(store="memory:") as agent:
        with pytest.raises(Unanswered) as failed:
            await agent.ask("hello")
        assert failed.value.ending == "failed"
        assert "OPENAI_API_KEY" in str(failed.value)
        with pytest.raises(Unanswered):
            [piece async for piece in agent.ask("hello")]
        with pytest.raises(Unanswered):
            await asyncio.to_thread(agent.start, "hello")


async def test_leaving_an_answer_stops_it_and_keeps_what_was_said(
    models: ModelServer, store: Store
) -> None:
    models.pace = 0.02
    models.answer = lambda _: "word " * 2_000
    async with Agent(memory=MemoryConfig("one"), store=store) as agent:
        async for _ in agent.ask("tell me"):
            break
        asked = asyncio.ensure_future(_asked(agent, "more"))
        await models.wait_for_request(lambda request: request.last_user_text == "more")
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        models.enqueue("The end.")
        assert await agent.ask("last") == "The end."
    workspace = await store.workspace(LOCAL_WORKSPACE)
    session = await store.by_name(workspace.id, "one")
    assert session is not None
    said = await store.transcript(session.key, None, 10)
    assert [(one.content, one.ending.value) for one in said if one.role.value == "user"] == [
        ("tell me", "stopped"),
        ("more", "stopped"),
        ("last", "answered"),
    ]


async def test_an_open_store_is_used_and_left_open(models: ModelServer, store: Store) -> None:
    agent = Agent(memory=True, store=store)
    with pytest.raises(UsageError, match="async with Agent"):
        await agent.ask("hello")
    with pytest.raises(UsageError, match="async with Agent"):
        await asyncio.to_thread(agent.start, "hello")
    async with agent:
        models.enqueue("Hello.")
        assert await agent.ask("hello") == "Hello."
    workspace = await store.workspace(LOCAL_WORKSPACE)
    page = await store.page(workspace.id, None, None, 10)
    assert [session.name for session in page.sessions] == ["Assistant"]


async def test_earlier_sessions_are_in_the_context(models: ModelServer, store: Store) -> None:
    for number in range(7):
        async with Agent(memory=MemoryConfig(f"day-{number}"), store=store) as agent:
            await agent.ask(f"We spoke about the number {number}.")
    async with Agent(name="Assistant", memory=True, context=True, store=store) as agent:
        asking = agent.ask("What did we discuss yesterday?")
        await asking
    assert asking.answer is not None
    assert asking.answer.used.sessions == ("day-6", "day-5", "day-4", "day-3", "day-2")
    prompt = models.requests[-1].last_user_text
    assert "the number 6" in prompt
    assert "the number 1" not in prompt
    async with Agent(memory=True, history=1, store=store) as agent:
        asking = agent.ask("And before?")
        await asking
    assert asking.answer is not None
    assert len(asking.answer.used.sessions) == 1


async def test_facts_are_remembered_and_drawn_on(models: ModelServer, store: Store) -> None:
    models.enqueue("I shall.", '[{"fact": "likes tea", "about": "person"}]')
    async with Agent(memory=MemoryConfig("one"), store=store) as agent:
        await agent.ask("Remember that I like tea.")
    for facts, used in ((True, 1), (False, 0)):
        memory = MemoryConfig("two", facts=facts)
        async with Agent(memory=memory, store=store) as agent:
            asking = agent.ask("Which tea do I like?")
            await asking
        assert asking.answer is not None
        assert asking.answer.used.facts == used
        assert ("likes tea" in models.requests[-1].last_user_text) is facts


async def test_code_of_a_folder_is_in_the_context(models: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "login.py").write_text("def login(user):\n    return user\n")
    async with Agent(fast_context="src", store="memory:") as agent:
        await agent.ask("How does the login work?")
    assert "`login.py:1-2`\n\n```py\ndef login(user):" in models.requests[-1].last_user_text


async def test_the_model_and_what_it_is_told_first_can_be_chosen(models: ModelServer) -> None:
    async with Agent(model="gpt-4", system="Answer in French.", store="memory:") as agent:
        await agent.ask("hello")
    assert models.requests[-1].model == "gpt-4"
    assert models.requests[-1].said[0] == ("system", "Answer in French.")


async def test_a_question_is_put_once(models: ModelServer) -> None:
    async with Agent(store="memory:") as agent:
        asking = agent.ask("hello")
        await asking
        with pytest.raises(UsageError, match="was put before"):
            await asking
    assert len(models.requests) == 1

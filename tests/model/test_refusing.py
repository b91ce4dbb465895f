"""What an OpenAI-compatible server refuses, and how a stream ends and is read."""

import asyncio
import subprocess
import sys
from contextlib import aclosing

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import ContextTooLong, ModelRefused, SettingError
from sessions.llm import OpenAIModel
from sessions.llm.events import EventReader
from sessions.ports.model import Done, Prompt, Text
from tests.emulators.openai import (
    Answer,
    ContextExceeded,
    CutStream,
    ErrorEvent,
    Fault,
    Finish,
    ModelServer,
    Status,
)
from tests.model.asking import HELLO, KEY, Pauses, ask, hasty


async def test_a_wrong_key_names_the_setting_and_not_the_key(server: ModelServer, pauses: Pauses) -> None:
    async with hasty(server, pauses, key="sk-very-secret-0123") as model:
        with pytest.raises(ModelRefused, match="OPENAI_API_KEY") as caught:
            await ask(model)
    assert "secret" not in str(caught.value)
    assert pauses.taken == []


async def test_an_unknown_model_names_the_setting(model: OpenAIModel) -> None:
    with pytest.raises(ModelRefused, match=r"'gpt-99'.*PARLEY_MODEL"):
        await ask(model, Prompt(HELLO.messages, "gpt-99"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Status(status=429, message="You exceeded your quota", code="insufficient_quota"), "no credit"),
        (Status(status=402, message="Insufficient balance"), "no credit"),
        (Status(status=403, message="Country not supported"), "OPENAI_API_KEY"),
        (Status(status=404, message="Not Found"), "OPENAI_BASE_URL"),
        (Status(status=404, message="model 'x' not found, try pulling it first"), "PARLEY_MODEL"),
        (Status(status=400, message="x/y is not a valid model ID"), "PARLEY_MODEL"),
        (Status(status=400, message="No: sk-test sk-other-key"), "It says: No: … …"),
        (Status(status=200, html="<html>hello</html>"), "web page"),
        (ErrorEvent(after=0, message="quota", code="insufficient_quota"), "no credit"),
    ],
)
async def test_a_refusal_is_not_repeated_and_says_what_to_do(
    server: ModelServer, model: OpenAIModel, fault: Fault, words: str
) -> None:
    server.fail(fault)
    with pytest.raises(ModelRefused, match=words):
        await ask(model)
    assert len(server.requests) == 1


TOO_LONG = [
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    "the request exceeds the available context size. try increasing the context size",
    "input length exceeds the context length",
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Please reduce the length of the messages or completion.",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
    "Trying to keep the first 5000 tokens when the context overflows. However, the model is loaded",
    "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
]


@pytest.mark.parametrize(
    "fault",
    [
        ContextExceeded(),
        ErrorEvent(after=0, code="context_length_exceeded"),
        Status(status=429, message="Request too large for gpt-4: Limit 10000, Requested 12000."),
        Status(status=500, message=TOO_LONG[1], error_type="exceed_context_size_error"),
        *(Status(status=400, message=wording) for wording in TOO_LONG),
    ],
)
async def test_a_prompt_that_is_too_long_is_told_apart(
    server: ModelServer, model: OpenAIModel, fault: Fault
) -> None:
    server.fail(fault)
    with pytest.raises(ContextTooLong):
        await ask(model)
    assert len(server.requests) == 1


async def test_an_answer_at_the_length_limit_is_marked_as_cut(
    server: ModelServer, model: OpenAIModel
) -> None:
    server.fail(Finish(reason="length", after=1))
    pieces = await ask(model)
    assert isinstance(pieces[-1], Done)
    assert pieces[-1].cut


async def test_an_answer_that_a_filter_held_back_is_said_in_words(
    server: ModelServer, model: OpenAIModel
) -> None:
    server.fail(Finish(reason="content_filter", after=0))
    with pytest.raises(ModelRefused, match="content filter"):
        await ask(model)
    server.fail(Finish(reason="content_filter", after=1))
    assert isinstance((await ask(model))[-1], Done)


async def test_closing_the_iterator_closes_the_stream(server: ModelServer, model: OpenAIModel) -> None:
    gate = server.hold()
    async with aclosing(model.stream(HELLO)) as pieces:
        waiting = asyncio.ensure_future(anext(pieces))
        await gate.release(1)
        assert isinstance(await waiting, Text)
    await server.wait_for_request(lambda request: request.client_gone)


async def test_cancelling_closes_the_stream(server: ModelServer, model: OpenAIModel) -> None:
    gate = server.hold()
    asking = asyncio.create_task(ask(model))
    await gate.release(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.wait_for_request(lambda request: request.client_gone)


async def test_a_connection_is_used_again(pauses: Pauses) -> None:
    peers = set()
    events = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(events)
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as far_end:
        address = str(far_end.make_url("/v1"))
        async with OpenAIModel(model="m", api_key="", base_url=address, sleep=pauses) as model:
            for _ in range(3):
                assert await ask(model) == [Text("hi"), Done(None)]
    assert len(peers) == 1


async def test_logs_hold_no_words_and_no_key(server: ModelServer, model: OpenAIModel) -> None:
    server.enqueue(Answer(text="a private answer", chunks=4))
    server.fail(CutStream(after=2))
    with structlog.testing.capture_logs() as logs:
        await ask(model)
    assert [entry["event"] for entry in logs] == ["model.retry"]
    assert logs[0]["attempt"] == 1
    for word in ("private", "hello", KEY):
        assert word not in str(logs)


def test_importing_the_model_does_not_import_openai() -> None:
    code = "import sys, sessions.llm; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("key", "address"), [("sk-\n", "http://x/v1"), ("sk-a b", "http://x/v1"), ("k", "x/v1"), ("k", "")]
)
def test_settings_that_cannot_work_are_refused_at_once(key: str, address: str) -> None:
    with pytest.raises(SettingError) as caught:
        OpenAIModel(model="m", api_key=key, base_url=address)
    assert "OPENAI_" in str(caught.value)


EVENTS = ["one", "zwei ü 🎉", "two\nlines", "[DONE]"]
PLAIN = (
    "\ufeff: a comment\nevent: x\ndata: one\nid: 7\n\n\ndata:zwei ü 🎉\n\n: keep-alive\n\n"
    "data: two\ndata: lines\n\ndata: [DONE]\n\n"
)


@given(st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(1, 30), max_size=30))
def test_events_are_the_same_however_the_bytes_are_cut(ending: str, cuts: list[int]) -> None:
    stream = PLAIN.replace("\n", ending).encode()
    reader = EventReader()
    events = []
    for size in cuts:
        events += reader.feed(stream[:size])
        stream = stream[size:]
    events += reader.feed(stream) + reader.finish()
    assert [event.decode() for event in events] == EVENTS


def test_a_last_event_without_its_blank_line_counts() -> None:
    reader = EventReader()
    assert reader.feed(b"data: a\n\ndata: b") == [b"a"]
    assert reader.finish() == [b"b"]

"""Answers from an OpenAI-compatible server, over real HTTP."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import ContextTooLong, ModelDown, ModelRefused, SettingError
from sessions.llm import OpenAIModel, Patience
from sessions.llm.events import EventReader
from sessions.model import Role, Usage
from sessions.ports.model import ChatModel, CutBy, Done, Piece, Prompt, PromptMessage, Restart, Text
from tests.emulators.openai import (
    Answer,
    ContextExceeded,
    Cut,
    CutStream,
    ErrorEvent,
    Fault,
    Finish,
    HangBeforeHeaders,
    HangMidStream,
    MalformedChunk,
    ModelServer,
    RefuseStreamOptions,
    Status,
    html_page,
    rate_limited,
    server_error,
)

KEY = "sk-test"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HASTE = Patience(first_byte=timedelta(milliseconds=300), between=timedelta(milliseconds=300), attempts=3)
HELLO = Prompt((PromptMessage(Role.SYSTEM, "Be kind"), PromptMessage(Role.USER, "hello")), "gpt-4")


class Pauses:
    """Sleeps in no time and remembers how long it should have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer.start(KEY) as running:
        yield running


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def model(server: ModelServer, pauses: Pauses) -> AsyncIterator[OpenAIModel]:
    async with OpenAIModel(
        model="gpt-4o-mini",
        api_key=KEY,
        base_url=server.base_url,
        patience=Patience(attempts=3),
        sleep=pauses,
        now=lambda: NOW,
        chance=lambda: 0.5,
    ) as opened:
        yield opened


def hasty(server: ModelServer, pauses: Pauses, key: str = KEY) -> OpenAIModel:
    return OpenAIModel(model="gpt-4", api_key=key, base_url=server.base_url, patience=HASTE, sleep=pauses)


async def ask(model: ChatModel, prompt: Prompt = HELLO) -> list[Piece]:
    return [piece async for piece in model.stream(prompt)]


def shown(pieces: list[Piece]) -> str:
    """What a person sees in the end."""
    text = ""
    for piece in pieces:
        match piece:
            case Text(more):
                text += more
            case Restart():
                text = ""
            case Done():
                pass
    return text


def usage(pieces: list[Piece]) -> Usage | None:
    assert isinstance(pieces[-1], Done)
    return pieces[-1].usage


async def test_an_answer_streams_and_ends_with_the_usage(server: ModelServer, model: OpenAIModel) -> None:
    server.enqueue(Answer(text="Grüße 🎉 " * 20, chunks=40))
    pieces = await ask(model)
    assert shown(pieces) == "Grüße 🎉 " * 20
    counted = usage(pieces)
    assert counted is not None
    assert counted.prompt > 0
    assert counted.completion > 0
    assert not counted.estimated
    [request] = server.requests
    assert request.said == [("system", "Be kind"), ("user", "hello")]
    assert request.model == "gpt-4"
    assert request.includes_usage


async def test_a_prompt_without_a_model_takes_the_deployments(
    server: ModelServer, model: OpenAIModel
) -> None:
    await ask(model, Prompt(HELLO.messages))
    assert server.requests[0].model == "gpt-4o-mini"


async def test_a_server_that_refuses_stream_options_is_asked_without_them_from_then_on(
    server: ModelServer, model: OpenAIModel, pauses: Pauses
) -> None:
    server.fail(RefuseStreamOptions(), times=None)
    assert usage(await ask(model)) is None
    assert usage(await ask(model)) is None
    assert [request.includes_usage for request in server.requests] == [True, False, False]
    assert pauses.taken == []


@pytest.mark.parametrize(
    "fault", [server_error(), server_error(503), html_page(), rate_limited(), Status(status=408)]
)
async def test_what_may_pass_is_tried_again(
    server: ModelServer, model: OpenAIModel, pauses: Pauses, fault: Fault
) -> None:
    server.fail(fault, times=2)
    assert shown(await ask(model)) == "[2] hello"
    assert pauses.taken == [0.375, 0.75]


async def test_a_wait_that_is_too_long_is_told_and_not_cut_short(
    server: ModelServer, model: OpenAIModel, pauses: Pauses
) -> None:
    server.fail(rate_limited(retry_after=300))
    with pytest.raises(ModelDown, match="come back in 5 minutes"):
        await ask(model)
    assert pauses.taken == []
    assert len(server.requests) == 1


async def test_an_answer_that_the_filter_cut_says_so(server: ModelServer, model: OpenAIModel) -> None:
    server.fail(Finish(reason="content_filter", after=1))
    pieces = await ask(model)
    assert isinstance(pieces[-1], Done)
    assert pieces[-1].cut is CutBy.FILTER


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (rate_limited(retry_after=7), 7.25),
        (rate_limited(retry_after_ms=1500), 1.75),
        (rate_limited(retry_after=NOW + timedelta(seconds=9)), 9.25),
        (rate_limited(retry_after=NOW - timedelta(seconds=9)), 0.375),
    ],
)
async def test_the_far_ends_wish_to_wait_is_honoured_within_limits(
    server: ModelServer, model: OpenAIModel, pauses: Pauses, fault: Fault, wait: float
) -> None:
    server.fail(fault)
    await ask(model)
    assert pauses.taken == [pytest.approx(wait)]


@pytest.mark.parametrize(
    "fault",
    [
        *(CutStream(after=2, how=how) for how in Cut),
        MalformedChunk(after=2),
        ErrorEvent(after=2),
        Finish(reason="error", after=2),
    ],
)
async def test_a_stream_that_breaks_begins_again(
    server: ModelServer, model: OpenAIModel, fault: Fault
) -> None:
    server.enqueue(Answer(text="one two three four", chunks=4, delay_between=0.02))
    server.fail(fault)
    if isinstance(fault, Finish):
        server.enqueue("one two three four")
    pieces = await ask(model)
    assert shown(pieces) == "one two three four"
    assert pieces.count(Restart()) == 1
    assert pieces[0] != Restart()


async def test_a_stream_that_breaks_before_any_text_needs_no_restart(
    server: ModelServer, model: OpenAIModel
) -> None:
    server.fail(CutStream(after=0))
    assert Restart() not in await ask(model)


@pytest.mark.parametrize("fault", [HangBeforeHeaders(), HangMidStream(after=0), HangMidStream(after=2)])
async def test_a_server_that_hangs_is_left_and_asked_again(
    server: ModelServer, pauses: Pauses, fault: Fault
) -> None:
    server.fail(fault)
    async with hasty(server, pauses) as model:
        assert shown(await ask(model)) == "[2] hello"
    await server.wait_for_request(lambda request: request.client_gone)


async def test_a_server_that_stays_down_is_said_in_words(
    server: ModelServer, model: OpenAIModel, pauses: Pauses
) -> None:
    server.fail(server_error(), times=None)
    with pytest.raises(ModelDown, match=r"Your message is kept; send /retry"):
        await ask(model)
    assert len(server.requests) == 3
    assert len(pauses.taken) == 2


async def test_no_server_at_all_is_said_in_words(pauses: Pauses) -> None:
    async with OpenAIModel(
        model="m", api_key="", base_url="http://127.0.0.1:1/v1", patience=HASTE, sleep=pauses
    ) as model:
        with pytest.raises(ModelDown):
            await ask(model)


async def test_no_attempt_is_made_after_the_time_for_all(server: ModelServer, pauses: Pauses) -> None:
    server.fail(rate_limited(retry_after=50), times=None)
    patience = Patience(altogether=timedelta(seconds=10))
    async with OpenAIModel(
        model="gpt-4", api_key=KEY, base_url=server.base_url, patience=patience, sleep=pauses
    ) as model:
        with pytest.raises(ModelDown, match="busy"):
            await ask(model)
    assert pauses.taken == []


@pytest.mark.parametrize("text", ["", " \n"])
async def test_an_empty_answer_counts_as_broken(
    server: ModelServer, model: OpenAIModel, text: str
) -> None:
    server.enqueue(text, text)
    pieces = await ask(model)
    assert shown(pieces) == "[2] hello"
    server.enqueue(text, text, text)
    with pytest.raises(ModelDown):
        await ask(model)


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

"""Answers from an OpenAI-compatible server, over real HTTP: streams, faults, retries."""

from datetime import timedelta

import pytest

from sessions.errors import ModelDown
from sessions.llm import OpenAIModel, Patience
from sessions.ports.model import CutBy, Done, Prompt, Restart
from tests.emulators.openai import (
    Answer,
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
from tests.model.asking import HASTE, HELLO, KEY, NOW, Pauses, ask, hasty, shown, usage


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

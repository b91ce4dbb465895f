"""The OpenAI emulator breaks as the real API does, seen by the real client."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
import pytest

from tests.emulators.openai import (
    Answer,
    ContextExceeded,
    Cut,
    CutStream,
    ErrorEvent,
    Finish,
    HangBeforeHeaders,
    HangMidStream,
    MalformedChunk,
    ModelServer,
    RefuseStreamOptions,
    html_page,
    rate_limited,
    server_error,
)
from tests.far_ends.openai.asking import MODEL, open_stream, reason_of, text_of


async def test_429_tells_when_to_come_again(models: ModelServer, client: openai.AsyncOpenAI) -> None:
    moment = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    models.fail(rate_limited(1.5, retry_after_ms=1500))
    models.fail(rate_limited(moment))
    with pytest.raises(openai.RateLimitError) as in_seconds:
        await open_stream(client)
    assert in_seconds.value.code == "rate_limit_exceeded"
    assert in_seconds.value.response.headers["retry-after"] == "1.5"
    assert in_seconds.value.response.headers["retry-after-ms"] == "1500"
    with pytest.raises(openai.RateLimitError) as at_date:
        await open_stream(client)
    assert parsedate_to_datetime(at_date.value.response.headers["retry-after"]) == moment
    await (await open_stream(client)).close()


async def test_the_client_retries_a_short_429_by_itself(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.fail(rate_limited(retry_after_ms=1), times=2)
    stream = await open_stream(client.with_options(max_retries=2))
    assert text_of([chunk async for chunk in stream]) == "[1] hello"
    assert [one.status for one in models.requests] == [429, 429, 200]


async def test_faults_strike_the_matching_requests_until_healed(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.fail(server_error(), times=None, when=lambda one: "bad" in one.last_user_text)
    models.fail(html_page(503))
    with pytest.raises(openai.InternalServerError, match="500"):
        await open_stream(client, "bad")
    with pytest.raises(openai.InternalServerError) as page:
        await open_stream(client, "good")
    assert page.value.response.text.startswith("<html>")
    await (await open_stream(client, "good")).close()
    models.heal()
    await (await open_stream(client, "bad")).close()


async def test_a_request_can_be_refused_as_too_long_once(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.fail(ContextExceeded(limit=4096))
    with pytest.raises(openai.BadRequestError) as caught:
        await open_stream(client)
    assert caught.value.code == "context_length_exceeded"
    await (await open_stream(client)).close()


async def test_stream_options_can_be_unknown(models: ModelServer, client: openai.AsyncOpenAI) -> None:
    models.fail(RefuseStreamOptions(), times=None)
    with pytest.raises(openai.BadRequestError, match="stream_options"):
        await open_stream(client)
    stream = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "x"}], stream=True
    )
    assert text_of([chunk async for chunk in stream]) == "[1] x"


async def test_a_hang_before_the_headers_ends_with_the_client(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.fail(HangBeforeHeaders())
    with pytest.raises(openai.APITimeoutError):
        await open_stream(client.with_options(timeout=0.2))
    assert (await models.wait_for_request(lambda one: one.client_gone)).status == 0


async def test_a_hang_in_the_stream_ends_with_the_client(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.fail(HangMidStream(after=1))
    stream = await open_stream(client.with_options(timeout=0.2))
    with pytest.raises(openai.APIError):
        [chunk async for chunk in stream]
    await stream.close()
    assert (await models.wait_for_request(lambda one: one.client_gone)).chunks_sent == 1


async def test_a_stream_cut_at_its_end_raises_nothing_and_has_no_reason(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.enqueue(Answer(text="abcd", chunks=4))
    models.fail(CutStream(after=2))
    chunks = [chunk async for chunk in await open_stream(client)]
    assert (text_of(chunks), reason_of(chunks)) == ("ab", None)
    assert not models.requests[0].finished
    assert not models.requests[0].client_gone
    chunks = [chunk async for chunk in await open_stream(client)]
    assert (text_of(chunks), reason_of(chunks)) == ("abcd", "stop")


@pytest.mark.parametrize("how", [Cut.CLOSE, Cut.RESET])
async def test_a_broken_connection_raises(
    models: ModelServer, client: openai.AsyncOpenAI, how: Cut
) -> None:
    models.fail(CutStream(after=99, how=how))
    with pytest.raises(openai.APIError):
        [chunk async for chunk in await open_stream(client)]
    assert not models.requests[0].finished


async def test_a_malformed_chunk_is_not_json(models: ModelServer, client: openai.AsyncOpenAI) -> None:
    models.fail(MalformedChunk(after=0))
    stream = await open_stream(client)
    with pytest.raises(json.JSONDecodeError):
        [chunk async for chunk in stream]
    await stream.close()


async def test_an_error_can_arrive_inside_the_stream(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.fail(ErrorEvent(after=1, message="overloaded"))
    stream = await open_stream(client)
    with pytest.raises(openai.APIError, match="overloaded"):
        [chunk async for chunk in stream]
    await stream.close()


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_can_end_early(
    models: ModelServer, client: openai.AsyncOpenAI, reason: str
) -> None:
    models.enqueue(Answer(text="abcd", chunks=4))
    models.fail(Finish(reason=reason, after=3))
    chunks = [chunk async for chunk in await open_stream(client)]
    assert (text_of(chunks), reason_of(chunks)) == ("abc", reason)

"""The OpenAI emulator answers and refuses as the real API does, seen by the real client and raw."""

import asyncio
import json
import signal
import sys

import aiohttp
import openai
import pytest

from tests.emulators.openai import (
    Answer,
    ModelServer,
)
from tests.far_ends.openai.asking import MODEL, Json, open_stream, post, text_of


async def test_an_answer_proves_which_context_arrived(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    done = await client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": [{"type": "text", "text": "three"}]},
        ],
    )
    assert done.choices[0].message.content == "[3] three"
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert models.requests[0].said[1] == ("assistant", "two")
    assert models.requests[0].finished


async def test_a_stream_has_role_pieces_reason_usage_and_an_end(models: ModelServer) -> None:
    models.enqueue(Answer(text="abcdef", chunks=3))
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer sk-test"}) as session,
        session.post(f"{models.base_url}/chat/completions", json=body) as response,
    ):
        assert response.content_type == "text/event-stream"
        lines = (await response.text()).split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    deltas = [event["choices"][0]["delta"] for event in events[:-1]]
    assert deltas[0]["role"] == "assistant"
    assert [delta["content"] for delta in deltas[1:-1]] == ["ab", "cd", "ef"]
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] > 0
    assert all(event["usage"] is None for event in events[:-1])


async def test_without_include_usage_no_chunk_has_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "x"}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == "[1] x"
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


async def test_models_are_listed_and_shown(client: openai.AsyncOpenAI) -> None:
    assert MODEL in [model.id for model in (await client.models.list()).data]
    assert (await client.models.retrieve(MODEL)).id == MODEL
    with pytest.raises(openai.NotFoundError, match="`nope` does not exist"):
        await client.models.retrieve("nope")


USER: Json = {"role": "user", "content": "x"}
CALL: Json = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING: Json = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT: Json = {"role": "tool", "tool_call_id": "c1", "content": "42"}


@pytest.mark.parametrize(
    ("change", "words", "code"),
    [
        ({"model": "nope"}, "model `nope` does not exist", "model_not_found"),
        ({"model": None}, "must provide a model", None),
        ({"messages": None}, "Missing required parameter: 'messages'", "missing_required_param"),
        ({"messages": []}, "empty array", "empty_array"),
        ({"messages": "x"}, "expected an array, but got a string", "invalid_type"),
        ({"messages": ["x"]}, "expected an object", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "'messages[0].role'", "missing_required_param"),
        ({"messages": [{"role": "bot", "content": "x"}]}, "Invalid value: 'bot'", "invalid_value"),
        ({"messages": [{"role": "user", "content": None}]}, "expected a string, got null", None),
        ({"messages": [{"role": "user"}]}, "'messages[0].content'", "missing_required_param"),
        ({"messages": [{"role": "user", "content": ""}]}, "too short", "string_below_min_length"),
        ({"messages": [{"role": "user", "content": []}]}, "empty array", "empty_array"),
        ({"messages": [{**USER, "content": 5}]}, "Invalid type", "invalid_type"),
        ({"messages": [{**USER, "at": 1}]}, "Unknown parameter", "unknown_parameter"),
        ({"messages": [{**USER, "name": "Ada L"}]}, "does not match pattern", "invalid_value"),
        ({"messages": [USER, RESULT]}, "must be a response to a preceeding message", None),
        ({"messages": [USER, CALLING, USER]}, "must be followed by tool messages", None),
        ({"messages": [USER, CALLING]}, "did not have response messages: c1", None),
        ({"messages": [USER, CALLING, RESULT, RESULT]}, "a preceeding message", None),
        ({"colour": 1}, "Unrecognized request argument supplied: colour", None),
        ({"temperature": "hot"}, "Invalid type for 'temperature'", "invalid_type"),
        ({"temperature": 3}, "above maximum value", "decimal_above_max_value"),
        ({"max_tokens": True}, "got a boolean", "invalid_type"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "at the same time", None),
        ({"stream_options": {}}, "only allowed when 'stream' is enabled", None),
        ({"stream": True, "stream_options": {"x": 1}}, "'stream_options.x'", "unknown_parameter"),
    ],
)
async def test_a_bad_request_is_refused(
    models: ModelServer, change: Json, words: str, code: str | None
) -> None:
    status, error = await post(models, {"model": MODEL, "messages": [USER], **change})
    assert status == (404 if code == "model_not_found" else 400)
    assert words in str(error["message"])
    assert code is None or str(error["code"]).startswith(code)
    assert error["type"] == "invalid_request_error"
    assert models.requests[-1].status == status


async def test_a_conversation_with_tools_is_accepted(client: openai.AsyncOpenAI) -> None:
    done = await client.post(
        "/chat/completions",
        cast_to=object,
        body={"model": MODEL, "messages": [USER, CALLING, RESULT, USER]},
    )
    assert "[4] x" in str(done)


async def test_a_wrong_key_and_a_wrong_address_are_refused(models: ModelServer) -> None:
    status, error = await post(models, {"model": MODEL, "messages": [USER]}, key="sk-wrong-key")
    assert (status, error["code"]) == (401, "invalid_api_key")
    assert "sk-wrong-key" not in str(error["message"])
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{models.base_url}/nothing") as response,
    ):
        assert response.status == 404
        assert "Invalid URL" in (await response.json())["error"]["message"]


async def test_a_body_that_is_not_json_is_refused(models: ModelServer) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer sk-test"}) as session,
        session.post(f"{models.base_url}/chat/completions", data=b"{") as response,
    ):
        assert response.status == 400


async def test_the_context_of_the_model_is_enforced(models: ModelServer) -> None:
    models.contexts = {MODEL: 50}
    long: Json = {"model": MODEL, "messages": [{**USER, "content": "word " * 60}]}
    status, error = await post(models, long)
    assert (status, error["code"]) == (400, "context_length_exceeded")
    assert "maximum context length is 50 tokens. However, your messages" in str(error["message"])
    _, error = await post(models, {"model": MODEL, "messages": [USER], "max_tokens": 50})
    assert "50 in the completion" in str(error["message"])


async def test_a_held_stream_goes_on_chunk_by_chunk(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.enqueue(Answer(text="abcd", chunks=4))
    gate = models.hold()
    stream = await open_stream(client)
    assert await gate.release(2) == 2
    await models.wait_for_request(lambda one: one.chunks_sent == 2 and not one.finished)
    assert await gate.release(9) == 3
    await models.wait_for_request(lambda one: one.finished)
    chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == "abcd"


async def test_a_client_that_leaves_is_noticed(models: ModelServer, client: openai.AsyncOpenAI) -> None:
    gate = models.hold(lambda one: "leave" in one.last_user_text)
    stream = await open_stream(client, "leave me")
    await gate.release(1)
    await stream.close()
    request = await models.wait_for_request(lambda one: one.client_gone)
    assert (request.chunks_sent, request.finished) == (1, False)
    gate.open()
    assert text_of([chunk async for chunk in await open_stream(client)]) == "[1] hello"


async def test_answers_come_from_the_queue_then_from_the_function(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.enqueue("first")
    models.answer = lambda request: Answer(text=request.model, delay_between=0.001)
    texts = [text_of([c async for c in await open_stream(client)]) for _ in range(2)]
    assert texts == ["first", MODEL]


async def test_the_fast_path_streams_what_the_client_understands(
    models: ModelServer, client: openai.AsyncOpenAI
) -> None:
    models.serve_fast(Answer(text="word " * 200, chunks=40))
    chunks = [chunk async for chunk in await open_stream(client)]
    assert text_of(chunks) == "word " * 200
    assert len(chunks) == 43
    assert chunks[-1].usage is not None


async def test_it_runs_as_a_process_with_a_control_api_and_ends_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.emulators.openai",
        "--port",
        "0",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    base_url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    control = base_url.removesuffix("/v1") + "/_control/"
    async with (
        aiohttp.ClientSession() as session,
        openai.AsyncOpenAI(api_key="sk-test", base_url=base_url, max_retries=0) as client,
    ):

        async def order(method: str, **arguments: object) -> Json:
            async with session.post(control + method, json=arguments) as response:
                return {"status": response.status, **await response.json()}

        fault = {"kind": "status", "status": 500}
        assert (await order("fail", fault=fault, contains="bad"))["status"] == 200
        with pytest.raises(openai.InternalServerError):
            await open_stream(client, "bad")
        await order("enqueue", answers=["plain", {"text": "xyz", "chunks": 3}])
        assert text_of([chunk async for chunk in await open_stream(client)]) == "plain"
        await order("hold")
        stream = await open_stream(client)
        assert (await order("release", steps=2))["result"] == 2
        await order("open")
        assert text_of([chunk async for chunk in stream]) == "xyz"
        done = (await order("wait_for_request", number_above=2, finished=True))["result"]
        assert isinstance(done, dict)
        assert done["answer"] == "xyz"
        assert (await order("nothing"))["status"] == 404
        assert (await order("fail", fault={"kind": "nothing"}))["status"] == 400
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0

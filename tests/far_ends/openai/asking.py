"""Calls of the model server, by the real client and by raw HTTP."""

import aiohttp
import openai
from openai.types.chat import ChatCompletionChunk

from tests.emulators.openai import (
    ModelServer,
)

MODEL = "gpt-4o-mini"
Json = dict[str, object]


async def open_stream(
    client: openai.AsyncOpenAI, text: str = "hello"
) -> openai.AsyncStream[ChatCompletionChunk]:
    return await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": text}],
        stream=True,
        stream_options={"include_usage": True},
    )


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def reason_of(chunks: list[ChatCompletionChunk]) -> str | None:
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    return next((reason for reason in reasons if reason), None)


async def post(models: ModelServer, body: object, key: str = "sk-test") -> tuple[int, Json]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.post(f"{models.base_url}/chat/completions", json=body) as response,
    ):
        error = (await response.json())["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return response.status, error

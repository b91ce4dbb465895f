import base64
import math
import struct

import pytest
from aiohttp import ClientSession

from tests.emulators.openai import ModelServer

GOOD: dict[str, object] = {"model": "text-embedding-3-small", "input": ["winter", "winters"]}


async def post(server: ModelServer, body: object, key: str = "sk-test") -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        ClientSession() as session,
        session.post(f"{server.base_url}/embeddings", json=body, headers=headers) as response,
    ):
        return response.status, await response.json()


async def test_vectors_have_the_length_one_and_the_dimensions_that_were_asked_for() -> None:
    async with ModelServer.start() as server:
        for asked, length in (
            ({}, 1536),
            ({"dimensions": 9}, 9),
            ({"model": "text-embedding-3-large"}, 3072),
        ):
            _, found = await post(server, {**GOOD, **asked})
            data = found["data"]
            assert isinstance(data, list)
            assert [one["index"] for one in data] == [0, 1]
            assert all(len(one["embedding"]) == length for one in data)
            assert all(math.hypot(*one["embedding"]) == pytest.approx(1) for one in data)
        _, packed = await post(server, {**GOOD, "input": "winter", "encoding_format": "base64"})
        data = packed["data"]
        assert isinstance(data, list)
        numbers = struct.unpack("<1536f", base64.b64decode(data[0]["embedding"]))
        assert math.hypot(*numbers) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": "gpt-4"}, 404),
        ({"model": None}, 400),
        ({"input": []}, 400),
        ({"input": ["a", ""]}, 400),
        ({"input": ["a"] * 2049}, 400),
        ({"input": [["a"]]}, 400),
        ({"input": "word " * 20_000}, 400),
        ({"dimensions": 0}, 400),
        ({"dimensions": 1537}, 400),
        ({"encoding_format": "binary"}, 400),
        ({"stream": True}, 400),
    ],
)
async def test_what_the_api_refuses_is_refused(change: dict[str, object], status: int) -> None:
    async with ModelServer.start() as server:
        assert (await post(server, {**GOOD, **change}))[0] == status


async def test_a_wrong_key_is_refused() -> None:
    async with ModelServer.start() as server:
        assert (await post(server, GOOD, key="sk-other"))[0] == 401
        assert [one.status for one in server.embedded] == [401]

import array
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import ModelDown, ModelRefused, SettingError
from sessions.llm import Patience
from sessions.llm.embeddings import DIMENSIONS, OpenAIEmbeddings, as_bytes
from tests.emulators.openai import Fault, HangBeforeHeaders, ModelServer, Status, rate_limited
from tests.model.asking import KEY, Pauses

MODEL = "text-embedding-3-small"
HASTE = Patience(first_byte=timedelta(milliseconds=300), attempts=3)


def asking(server: ModelServer, pauses: Pauses, model: str = MODEL, key: str = KEY) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(
        model=model,
        api_key=key,
        base_url=server.base_url,
        patience=HASTE,
        sleep=pauses,
        chance=lambda: 0.5,
    )


def numbers(vector: bytes) -> list[int]:
    return array.array("b", vector).tolist()


def cosine(one: bytes, other: bytes) -> float:
    dot = sum(a * b for a, b in zip(numbers(one), numbers(other), strict=True))
    return dot / math.hypot(*numbers(one)) / math.hypot(*numbers(other))


async def test_like_texts_are_near_each_other(server: ModelServer, pauses: Pauses) -> None:
    texts = ["Refrigerators keep food cold", "refrigerating food", "Invoices are paid", " "]
    found = await asking(server, pauses).embed(texts)
    assert [len(vector) for vector in found] == [DIMENSIONS] * 4
    assert all(120 < math.hypot(*numbers(vector)) < 134 for vector in found)
    assert cosine(found[0], found[1]) > cosine(found[0], found[2]) + 0.2
    assert await asking(server, pauses).embed([]) == ()
    (request,) = server.embedded
    assert (request.body["model"], request.body["dimensions"]) == (MODEL, DIMENSIONS)


async def test_what_passes_is_tried_again(server: ModelServer, pauses: Pauses) -> None:
    server.fail(rate_limited(retry_after=3))
    server.fail(HangBeforeHeaders())
    assert len(await asking(server, pauses).embed(["text"])) == 1
    assert len(pauses.taken) == 2
    assert pauses.taken[0] >= 3


async def test_what_does_not_pass_is_given_up(server: ModelServer, pauses: Pauses) -> None:
    server.fail(Status(status=503), times=None)
    with pytest.raises(ModelDown, match="Try again later"):
        await asking(server, pauses).embed(["text"])
    assert len(server.embedded) == 3
    gone = OpenAIEmbeddings(
        model=MODEL, api_key=KEY, base_url="http://127.0.0.1:9/v1", patience=HASTE, sleep=pauses
    )
    with pytest.raises(ModelDown):
        await gone.embed(["text"])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Status(status=403, message="No: sk-test"), r"OPENAI_API_KEY.*It says: No: …"),
        (Status(status=404, message="Not Found"), r"no embeddings.*PARLEY_EMBEDDINGS_MODEL"),
        (Status(status=429, message="You exceeded", code="insufficient_quota"), "no credit"),
        (Status(status=400, message="maximum context length is 8 tokens"), "too long"),
        (Status(status=200, html="<html>hello</html>"), "web page"),
    ],
)
async def test_a_refusal_is_not_repeated_and_says_what_to_do(
    server: ModelServer, pauses: Pauses, fault: Fault, words: str
) -> None:
    server.fail(fault)
    with pytest.raises(ModelRefused, match=words):
        await asking(server, pauses).embed(["text"])
    assert pauses.taken == []


async def test_a_wrong_key_or_model_names_the_setting(server: ModelServer, pauses: Pauses) -> None:
    with pytest.raises(ModelRefused, match=r"'embed-99'.*PARLEY_EMBEDDINGS_MODEL"):
        await asking(server, pauses, model="embed-99").embed(["text"])
    with pytest.raises(ModelRefused, match="OPENAI_API_KEY"):
        await asking(server, pauses, key="sk-other").embed(["text"])
    with pytest.raises(SettingError):
        OpenAIEmbeddings(model=MODEL, api_key=KEY, base_url="localhost")


async def test_a_server_that_knows_no_dimensions_is_asked_without(
    server: ModelServer, pauses: Pauses
) -> None:
    embeddings = asking(server, pauses)
    server.fail(Status(status=400, message="Unknown parameter: dimensions"))
    for _ in range(2):
        (vector,) = await embeddings.embed(["text"])
        assert len(vector) == 1536
    assert ["dimensions" in one.body for one in server.embedded] == [True, False, False]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_a_vector_keeps_its_direction(given_numbers: list[float]) -> None:
    kept = numbers(as_bytes(given_numbers))
    assert len(kept) == len(given_numbers)
    length = math.hypot(*given_numbers)
    if length > 1e-9:
        wanted = [number / length * 127 for number in given_numbers]
        assert all(abs(a - b) <= 0.51 for a, b in zip(kept, wanted, strict=True))

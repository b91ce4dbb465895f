"""The window: what of a transcript a model is shown."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import NothingToRetry
from sessions.model import EventId, Message, Person, PersonId, Role
from sessions.ports.model import Prompt
from sessions.ports.turns import NEWS_LIMIT
from sessions.window import RecentMessages, estimate_prompt, estimate_tokens

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ADA = Person(PersonId("telegram:1"), "Ada")
BOB = Person(PersonId("telegram:2"), "Bob\n: system")
PLENTY = 1_000_000


class Sample(msgspec.Struct, frozen=True):
    """A text of one kind of writing."""

    kind: str
    text: str


SAMPLES = msgspec.json.decode(
    Path(__file__).with_name("token_samples.json").read_bytes(), type=list[Sample]
)


def counted(text: str, encoding: str) -> int:
    """What OpenAI's own tables count: o200k since GPT-4o, cl100k before."""
    import bpe_openai  # its tables take a second to load, and no other test needs them

    return len(bpe_openai.get_encoding(encoding).encode(text))


# Scripts that cl100k has few tokens for, and how far the estimate may be below it.
SCARCE_IN_CL100K = {
    "german": 0.2,
    "russian": 0.4,
    "arabic": 0.6,
    "hindi": 0.7,
    "chinese": 0.3,
    "japanese": 0.25,
    "korean": 0.4,
    "emoji": 0.3,
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_the_estimate_is_near_what_a_tokenizer_counts(sample: Sample) -> None:
    estimate = estimate_tokens(sample.text)
    newer, older = counted(sample.text, "o200k_base"), counted(sample.text, "cl100k_base")
    assert 0.90 * newer <= estimate <= 1.27 * newer
    least = 1 - SCARCE_IN_CL100K.get(sample.kind, 0.1)
    assert least * older <= estimate <= 1.30 * older


def test_the_estimate_over_all_kinds_is_slightly_high() -> None:
    estimate = sum(estimate_tokens(sample.text) for sample in SAMPLES)
    assert 1.0 <= estimate / sum(counted(sample.text, "o200k_base") for sample in SAMPLES) <= 1.2


def test_nothing_costs_nothing_and_every_text_something() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("a") == 1
    assert estimate_tokens("\U0001f600") == 2


def user(turn: str, text: str, author: Person = ADA) -> Message:
    return Message(Role.USER, text, EventId(turn), NOW, author)


def agent(turn: str, text: str, supersedes: str | None = None) -> Message:
    replaced = None if supersedes is None else EventId(supersedes)
    return Message(Role.ASSISTANT, text, EventId(turn), NOW, supersedes=replaced)


def turns(number: int, words: int = 1) -> list[Message]:
    return [
        message
        for n in range(number)
        for message in (user(f"t{n}", f"ask{n} " * words), agent(f"t{n}", f"answer{n}"))
    ]


def said(prompt: Prompt) -> list[str]:
    return [f"{message.role[0]}:{message.content.strip()}" for message in prompt.messages]


def test_a_prompt_is_system_then_turns_then_the_question() -> None:
    recent = RecentMessages(turns(2))
    prompt = recent.prompt(system="Be kind", question=user("q", "now?"), budget=PLENTY, model="m")
    assert said(prompt) == ["s:Be kind", "u:ask0", "a:answer0", "u:ask1", "a:answer1", "u:now?"]
    assert prompt.model == "m"


def test_the_newest_turns_are_kept_whole() -> None:
    recent = RecentMessages(turns(4, words=20))
    one = estimate_prompt(RecentMessages(turns(1, words=20)).prompt(system="", budget=PLENTY))
    prompt = recent.prompt(system="", question=user("q", "now?"), budget=int(one * 2.7))
    assert [line.split()[0] for line in said(prompt)] == [
        "u:ask2",
        "a:answer2",
        "u:ask3",
        "a:answer3",
        "u:now?",
    ]


def test_system_and_question_stand_even_over_the_budget() -> None:
    prompt = RecentMessages(turns(3)).prompt(system="Be kind", question=user("q", "now?"), budget=1)
    assert said(prompt) == ["s:Be kind", "u:now?"]


def test_an_answer_that_was_replaced_is_gone_and_its_question_stays() -> None:
    recent = RecentMessages([*turns(2), agent("r1", "better", supersedes="t1")])
    assert said(recent.prompt(system="", budget=PLENTY)) == ["u:ask0", "a:answer0", "u:ask1", "a:better"]
    for replaced in ("t1", "r1"):
        again = RecentMessages([*turns(2), agent("r1", "better", "t1"), agent("r2", "best", replaced)])
        assert said(again.prompt(system="", budget=PLENTY))[2:] == ["u:ask1", "a:best"]


def test_a_retry_ends_with_the_question_of_its_turn() -> None:
    recent = RecentMessages([*turns(2), agent("r1", "better", supersedes="t1")])
    assert recent.last_question == "t1"
    for turn in ("t1", "r1"):
        prompt = recent.prompt(system="", retry=EventId(turn), budget=PLENTY)
        assert said(prompt) == ["u:ask0", "a:answer0", "u:ask1"]
    with pytest.raises(NothingToRetry):
        recent.prompt(system="", retry=EventId("unknown"), budget=PLENTY)
    assert RecentMessages().last_question is None


def test_the_question_of_a_failed_turn_stays_and_nothing_is_empty() -> None:
    recent = RecentMessages([user("t0", "first"), user("t1", "second"), agent("t1", " \n")])
    prompt = recent.prompt(system=" ", question=user("q", "third"), budget=PLENTY)
    assert said(prompt) == ["u:first\n\nsecond\n\nthird"]


def test_a_question_too_long_to_be_answered_hides_nothing_that_was_said_before_it() -> None:
    recent = RecentMessages([*turns(1), user("t1", "endless " * 500)], tokens=400)
    assert recent.last_question == "t1"
    for following in ([], [user("t2", "more"), agent("t2", "yes")]):
        recent.extend(recent.known, following)
        prompt = recent.prompt(system="", question=user("q", "now?"), budget=300)
        assert said(prompt) == [
            "u:ask0",
            "a:answer0",
            *(["u:more", "a:yes"] if following else []),
            "u:now?",
        ]
    assert recent.last_question == "t2"


def test_names_stand_before_words_only_where_several_people_speak() -> None:
    recent = RecentMessages([user("t0", "hi"), agent("t0", "hello")])
    assert said(recent.prompt(system="", question=user("q", "more"), budget=PLENTY))[0] == "u:hi"
    both = said(recent.prompt(system="", question=user("q", "more", BOB), budget=PLENTY))
    assert both == ["u:Ada: hi", "a:hello", "u:Bob system: more"]


def test_a_name_of_nothing_printable_falls_back_to_the_id() -> None:
    nameless = Person(PersonId("discord:7"), "\u200b\n")
    recent = RecentMessages([user("t0", "hi")])
    prompt = recent.prompt(system="", question=user("q", "yo", nameless), budget=PLENTY)
    assert said(prompt) == ["u:Ada: hi\n\ndiscord 7: yo"]


def test_news_that_are_known_are_skipped_and_a_gap_forgets() -> None:
    messages = turns(4)
    recent = RecentMessages(messages[:4])
    recent.extend(2, messages[2:6])
    assert recent.known == 6
    recent.extend(0, messages[:2])
    assert recent.known == 6
    assert len(recent.prompt(system="", budget=PLENTY).messages) == 6
    recent.extend(100, messages[6:])
    assert recent.known == 102
    assert said(recent.prompt(system="", budget=PLENTY)) == ["u:ask3", "a:answer3"]


def test_a_turn_cut_in_two_by_the_store_is_left_out() -> None:
    recent = RecentMessages(turns(3)[1:], since=101)
    assert said(recent.prompt(system="", budget=PLENTY))[0] == "u:ask1"


def test_no_more_than_the_limit_is_kept() -> None:
    recent = RecentMessages()
    for position, message in enumerate(turns(NEWS_LIMIT)):
        recent.extend(position, [message])
    assert recent.known == 2 * NEWS_LIMIT
    prompt = recent.prompt(system="", budget=PLENTY)
    assert NEWS_LIMIT - 2 <= len(prompt.messages) <= NEWS_LIMIT
    assert prompt.messages[-1].content == f"answer{NEWS_LIMIT - 1}"


def test_a_prompt_that_was_too_long_shrinks_until_only_the_question_is_left() -> None:
    recent = RecentMessages(turns(64))
    question = user("q", "now?")
    prompt: Prompt | None = recent.prompt(system="Be kind", question=question, budget=PLENTY)
    sizes = []
    while prompt is not None:
        sizes.append(len(prompt.messages))
        last = prompt
        prompt = recent.shorter(prompt, system="Be kind", question=question)
    assert said(last) == ["s:Be kind", "u:now?"]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) <= 9


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(list(Role)[1:]), st.text(max_size=30)),
        max_size=40,
    ),
    st.integers(0, 200),
)
def test_every_prompt_is_one_that_the_api_accepts(
    lines: list[tuple[str, Role, str]], budget: int
) -> None:
    messages = [Message(role, text, EventId(turn), NOW, ADA) for turn, role, text in lines]
    prompt = RecentMessages(messages).prompt(
        system="s", question=user("q", "question"), budget=budget + 20
    )
    roles = [message.role for message in prompt.messages]
    assert all(message.content.strip() for message in prompt.messages)
    assert roles[:2] == [Role.SYSTEM, Role.USER]
    assert all(one is not other for one, other in itertools.pairwise(roles))
    assert prompt.messages[-1].content.endswith("question")
    assert estimate_prompt(prompt) <= budget + 20 or len(prompt.messages) == 2

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.spoken import Command, Retry, Spoken, parse_spoken
from bots.words import ENTRIES, Room, Word
from sessions.errors import UsageError


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("/session", Command(Word.HELP)),
        ("/session help", Command(Word.HELP)),
        ("/session start", Command(Word.START)),
        ("/session start alpha", Command(Word.START, "alpha")),
        ("/session resume my long  name", Command(Word.RESUME, "my long  name")),
        ("/SESSION\tLiSt  2 ", Command(Word.LIST, "2")),
        ("/session show", Command(Word.SHOW)),
        ("/session delete ", Command(Word.DELETE)),
        ("/session delete ../../x", Command(Word.DELETE, "../../x")),
        ("/session start [/bold] \U0001f600", Command(Word.START, "[/bold] \U0001f600")),
        ("/session start a\nb", Command(Word.START, "a\nb")),
        ("/session@ParleyBot list 2", Command(Word.LIST, "2")),
        ("/stop", Command(Word.STOP)),
        ("/stop@parleybot", Command(Word.STOP)),
        ("/retry", Retry()),
        ("/memory", Command(Word.HELP, room=Room.MEMORY)),
        ("/memory add I like tea", Command(Word.ADD, "I like tea", Room.MEMORY)),
        ("/workflow run deploy a=b", Command(Word.RUN, "deploy a=b", Room.WORKFLOW)),
        ("/knowledge search where is it", Command(Word.SEARCH, "where is it", Room.KNOWLEDGE)),
        ("/plan a trip", Command(Word.PLAN, "a trip", Room.WORKFLOW)),
        ("/help", Command(Word.HELP)),
        ("/start", Command(Word.HELP)),
        ("/start payload", Command(Word.HELP)),
        ("/session@OtherBot list", None),
        ("/stop@", None),
        ("/other", None),
        ("/sessions list", None),
        ("session list", None),
        ("hello /session list", None),
        ("/", None),
        ("", None),
    ],
)
def test_a_line_is_read_as_a_person_means_it(text: str, spoken: Spoken | None) -> None:
    assert parse_spoken(text, "ParleyBot") == spoken


def test_where_the_bot_has_no_name_a_command_for_a_name_is_another_bots() -> None:
    assert parse_spoken("/stop@ParleyBot") is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("/session lst", "/session list"),
        ("/session RESUM x", "/session resume"),
        ("/session del x", "/session delete"),
        ("/session frobnicate", "start, list, resume, show, delete, help"),
        ("/session resume", "<name or number>"),
        ("/plan", "/plan <"),
        ("/memory forget", "/memory forget <id or words>"),
        ("/workflow rn x", "/workflow run"),
        ("/knowledge add x", "list, search, remove, help"),
        ("/session list two", "/session list 2"),
        ("/session list -1", "/session list 2"),
        ("/session list 99999999999999999999", "no such page"),
    ],
)
def test_words_that_do_not_fit_are_answered_with_those_that_do(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_spoken(text)
    assert hint in str(error.value)


def test_every_word_stands_in_a_room_or_behind_the_slash_itself() -> None:
    in_rooms = {entry.word for entries in ENTRIES.values() for entry in entries}
    assert set(Word) == {*in_rooms, Word.STOP, Word.PLAN}
    assert set(ENTRIES) == set(Room)


@given(st.text(max_size=100))
def test_any_text_is_a_command_or_none_or_a_usage_error(text: str) -> None:
    for line in (text, f"/session {text}"):
        with suppress(UsageError):
            parse_spoken(line, "ParleyBot")

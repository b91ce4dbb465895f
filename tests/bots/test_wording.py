from dataclasses import replace
from datetime import UTC, datetime

import pytest
from telegramify_markdown import convert

from bots.wording import (
    Button,
    ButtonStyle,
    CancelDelete,
    ConfirmedDelete,
    ListPage,
    Notice,
    ResumeById,
    closing,
    say,
    say_error,
    say_failure,
)
from sessions.commands import WORDS
from sessions.errors import NoSuchSession
from sessions.model import (
    OPEN,
    Answer,
    Ending,
    EventId,
    Message,
    Person,
    PersonId,
    Role,
    Session,
    SessionId,
    SessionKey,
    Status,
    Tally,
    WorkspaceId,
)
from sessions.outcomes import (
    ConfirmDelete,
    Deleted,
    Helped,
    Listed,
    Outcome,
    Resumed,
    Shown,
    Started,
    Stopped,
)

AT = datetime(2024, 12, 16, 15, 45, tzinfo=UTC)
ADA = Person(PersonId("telegram:42"), "Ada *the* @everyone")
SESSION = Session(
    key=SessionKey(WorkspaceId("w"), SessionId("0123456789abcdef")),
    name="my_project*",
    title="A [title](http://evil.example)",
    status=Status.ACTIVE,
    audience=OPEN,
    starter=ADA.id,
    created_at=AT,
    active_at=AT,
    tally=Tally(messages=12, user_messages=6, agent_messages=6, tokens=4523, context=2456, size=46080),
)
QUESTION = Message(Role.USER, "Can you\n**explain** it? " + "word " * 100, EventId("e"), AT, ADA)
REPLY = Message(Role.ASSISTANT, "Based on @everyone", EventId("e"), AT)


def read(notice: Notice) -> str:
    """What a person reads."""
    return convert(notice.text)[0].replace("\u200b", "")


def test_a_started_session_tells_its_name_time_and_status() -> None:
    text = read(say(Started(SESSION)))
    assert "my_project*" in text
    assert "2024-12-16 15:45 UTC" in text
    assert "active" in text


def test_a_list_tells_number_name_time_messages_and_status() -> None:
    other = replace(SESSION, name="second", status=Status.PAUSED)
    text = read(say(Listed((SESSION, other), 1234, 11, 2, 124)))
    assert "11. my_project* · active · A [title](http://evil.example)" in text
    assert "12. second · paused" in text
    assert "2024-12-16 15:45 UTC · 12 messages" in text
    assert "Total: 1,234 sessions · page 2 of 124" in text


def test_a_list_has_a_button_for_each_session_and_for_the_pages_around_it() -> None:
    *numbers, paging = say(Listed((SESSION,) * 7, 30, 8, 2, 3)).buttons
    assert [len(row) for row in numbers] == [5, 2]
    assert numbers[0][0] == Button("▶️ 8", ResumeById(SESSION.key.id))
    assert [button.action for button in paging] == [ListPage(1), ListPage(3)]


@pytest.mark.parametrize(("page", "pages", "around"), [(1, 1, []), (1, 2, [2]), (2, 2, [1])])
def test_there_are_buttons_only_for_pages_that_there_are(
    page: int, pages: int, around: list[int]
) -> None:
    buttons = [button for row in say(Listed((SESSION,), 1, 1, page, pages)).buttons for button in row]
    pages_to = [button.action.page for button in buttons if isinstance(button.action, ListPage)]
    assert pages_to == around


def test_an_empty_list_tells_how_to_begin() -> None:
    notice = say(Listed((), 0, 1, 1, 1))
    assert "/session start" in read(notice)
    assert notice.buttons == ()


def test_a_resumed_session_tells_where_it_stands() -> None:
    text = read(say(Resumed(SESSION, replace(QUESTION, ending=Ending.STOPPED))))
    assert "Messages: 12" in text
    assert "Last message: Can you **explain** it?" in text
    assert "… (stopped)" in text
    assert "Context size: 2,456 tokens" in text
    assert "Last message" not in read(say(Resumed(SESSION, None)))


def test_an_estimate_is_called_one() -> None:
    estimated = replace(SESSION, tally=replace(SESSION.tally, estimated=True))
    assert "about 2,456 tokens" in read(say(Resumed(estimated, None)))


def test_a_shown_session_tells_its_numbers_and_newest_messages() -> None:
    text = read(say(Shown(SESSION, (replace(QUESTION, ending=Ending.INTERRUPTED), REPLY), 2)))
    assert "Messages: 12 (6 user, 6 agent)" in text
    assert "Tokens: 4,523" in text
    assert "Size: 45 KB" in text
    assert "Waiting: 2 messages" in text
    assert "User Ada *the* @everyone (interrupted): Can you **explain** it?" in text
    assert "Agent: Based on @everyone" in text
    assert max(map(len, text.split("\n"))) < 300


def test_a_delete_is_asked_for_with_buttons_that_carry_the_id() -> None:
    notice = say(ConfirmDelete(SESSION))
    assert "permanently" in notice.text
    assert notice.buttons == (
        (
            Button("🗑 Delete", ConfirmedDelete(SESSION.key.id), ButtonStyle.DANGER),
            Button("Cancel", CancelDelete(SESSION.key.id)),
        ),
    )


def test_help_tells_all_words() -> None:
    text = read(say(Helped()))
    for word in WORDS:
        assert f"/session {word}" in text
    assert "/stop" in text
    assert "/retry" in text


@pytest.mark.parametrize(
    "outcome",
    [
        Started(SESSION),
        Listed((SESSION,), 1, 1, 1, 1),
        Resumed(SESSION, QUESTION),
        Shown(SESSION, (QUESTION, REPLY), 0),
        ConfirmDelete(SESSION),
        Deleted(SESSION),
        Stopped(SESSION, running=True),
        Stopped(SESSION, running=False),
    ],
)
def test_what_people_wrote_is_never_formatting(outcome: Outcome) -> None:
    text, entities = convert(say(outcome).text)
    assert "my_project*" in text
    assert {entity.type for entity in entities} <= {"code", "bold"}
    assert "@everyone" not in say(outcome).text.replace("`Based on @everyone`", "").replace("\\", "")


def test_an_error_is_told_as_it_is() -> None:
    text, entities = convert(say_error(NoSuchSession("There is no session “*x*”.")).text)
    assert text == "⚠️ There is no session “*x*”."
    assert entities == []


def test_a_failure_tells_its_id() -> None:
    assert "e-17" in read(say_failure("e-17"))


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("text", ["", " \n", "some text"])
@pytest.mark.parametrize("note", ["", "because."])
def test_no_ending_is_silent(ending: Ending, text: str, note: str) -> None:
    shown, below = closing(Answer(ending, text, note))
    assert shown or below
    assert note in below
    assert shown == (text if text.strip() else "")


def test_each_ending_is_told_by_its_note() -> None:
    assert closing(Answer(Ending.ANSWERED, "x")) == ("x", "")
    assert closing(Answer(Ending.STOPPED, "x")) == ("x", "⏹ Stopped.")
    assert closing(Answer(Ending.FAILED, "", "The model is down.")) == ("", "⚠️ The model is down.")
    assert closing(Answer(Ending.INTERRUPTED, "x", "Ask again.")) == ("x", "⚠️ Interrupted… Ask again.")
    assert closing(Answer(Ending.INTERRUPTED)) == ("", "⚠️ Interrupted…")
    assert closing(Answer(Ending.INTERRUPTED, "", "Interrupted: gone."))[1] == "⚠️ Interrupted: gone."
    assert closing(Answer(Ending.UNANSWERED, "", "Deleted.")) == ("", "Deleted.")

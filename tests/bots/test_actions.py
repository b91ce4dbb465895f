import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.actions import (
    Action,
    CancelDelete,
    CancelDeleteRun,
    ConfirmedDelete,
    ConfirmedDeleteRun,
    Decide,
    ListPage,
    ResumeById,
    encode_action,
    parse_action,
)
from sessions.commands import new_session_id
from sessions.model import SessionId
from sessions.names import name_digest

SESSION = new_session_id()
RUN = name_digest("deploy-1bca75")
STEP = name_digest("ok")


@pytest.mark.parametrize(
    "action",
    [
        ConfirmedDelete(SESSION),
        CancelDelete(SESSION),
        ListPage(1),
        ListPage(999_999),
        ResumeById(SESSION),
        Decide(RUN, STEP, approve=True),
        Decide(RUN, STEP, approve=False),
        ConfirmedDeleteRun(RUN),
        CancelDeleteRun(RUN),
    ],
)
def test_a_button_gives_back_the_action_it_was_made_of(action: Action) -> None:
    assert parse_action(encode_action(action)) == action


def test_the_longest_id_fits_into_a_button() -> None:
    assert len(encode_action(ConfirmedDelete(SessionId("x" * 48)))) <= 64


@pytest.mark.parametrize(
    "data",
    [
        "",
        "s",
        "s:",
        "s:c",
        "s:c: ",
        "s:l:0",
        "s:l:-1",
        "s:l:٣",
        "s:l:9999999",
        "s:d:",
        "s:d:../x",
        "s:d:a:b",
        "s:r:é",
        "s:c\n",
        "x:c",
    ],
)
def test_forged_data_means_nothing(data: str) -> None:
    assert parse_action(data) is None


@given(st.text(max_size=80))
def test_any_data_is_either_an_action_of_ours_or_nothing(data: str) -> None:
    action = parse_action(data)
    assert action is None or encode_action(action) == data

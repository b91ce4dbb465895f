import pytest

from bots.admission import Admission
from sessions.errors import SettingError


@pytest.mark.parametrize("setting", ["", "  ", ",", " , "])
def test_an_empty_list_admits_nobody(setting: str) -> None:
    assert not Admission.parse(setting).admits("telegram:42", "discord:user:7")


def test_an_entry_admits_the_person_the_chat_or_the_guild_it_names() -> None:
    admission = Admission.parse(" telegram:42, telegram:-1001 ,discord:guild:7\ndiscord:user:8")
    assert admission.admits("telegram:42", "telegram:5")
    assert admission.admits("telegram:1", "telegram:-1001")
    assert admission.admits("discord:user:1", "discord:channel:2", "discord:guild:7")
    assert not admission.admits("telegram:421", "telegram:1001", "discord:user:7", "telegram:8")


def test_a_star_admits_everybody() -> None:
    assert Admission.parse("telegram:42,*").admits("discord:user:7")


@pytest.mark.parametrize(
    "setting",
    ["42", "telegram:@ada", "discord:7", "telegram:*", "slack:1", "telegram:0", "discord:role:1"],
)
def test_an_entry_that_names_nobody_is_refused_with_the_forms_there_are(setting: str) -> None:
    with pytest.raises(SettingError, match=r"PARLEY_ALLOWED.*telegram:42"):
        Admission.parse(f"telegram:1,{setting}")


def test_a_refusal_tells_the_id_and_the_setting() -> None:
    refusal = Admission().refusal("telegram:42")
    assert "telegram:42" in refusal
    assert "PARLEY_ALLOWED" in refusal


def test_signs_that_nobody_sees_do_not_matter() -> None:
    admission = Admission.parse("telegram:42\u200b, \u200ediscord:user:7")
    assert admission.admits("telegram:42")
    assert admission.admits("discord:user:7")

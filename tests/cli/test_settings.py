from datetime import timedelta
from pathlib import Path

import pytest

from bots.settings import load
from cli.wiring import retention
from sessions.errors import SettingError
from sessions.expiry import Retention


def test_the_environment_wins_over_dotenv_and_dotenv_over_toml(tmp_path: Path) -> None:
    (tmp_path / "parley.toml").write_text('model = "from-toml"\nallowed = "a"\nlog = "error"\n')
    (tmp_path / ".env").write_text("PARLEY_MODEL=from-dotenv\nPARLEY_ALLOWED=b # who\n")
    settings = load({"PARLEY_MODEL": "from-environment"}, tmp_path)
    assert (settings.model, settings.allowed, settings.log) == ("from-environment", "b", "error")


def test_the_home_folder_has_settings_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "parley.toml").write_text("context_tokens = 9000\n")
    settings = load({"PARLEY_HOME": str(home)}, tmp_path)
    assert (settings.home, settings.context_tokens) == (home, "9000")


def test_without_settings_the_home_is_in_the_home_folder(tmp_path: Path) -> None:
    assert load({}, tmp_path).home == Path("~/.parley").expanduser()


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    (tmp_path / "parley.toml").write_text('model = "m"\n')
    assert load({"PARLEY_MODEL": " "}, tmp_path).model == "m"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PARLEY_CONTEXT_TOKENS", "many"),
        ("OPENAI_BASE_URL", "localhost:8000"),
        ("PARLEY_TELEGRAM_API_BASE", "ftp://x"),
        ("PARLEY_HTTP", "8080"),
        ("PARLEY_HTTP", "localhost:99999"),
        ("PARLEY_LOG", "loud"),
        ("PARLEY_MEMORY", "always"),
        ("PARLEY_ARCHIVE_AFTER_DAYS", "0"),
        ("PARLEY_DELETE_AFTER_DAYS", "1.5"),
        ("PARLEY_LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_value_is_named_with_a_right_example(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=rf"{variable} is “{value}”.*{variable}=\S"):
        load({variable: value}, tmp_path)


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parley.toml").write_text('telegram_tokken = "1:x"\n')
    with pytest.raises(SettingError, match=r"telegram_tokken.*telegram_token"):
        load({}, tmp_path)


@pytest.mark.parametrize("text", ["model = ", "\x00", 'model = ["a"]'])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "parley.toml").write_text(text)
    with pytest.raises(SettingError, match=r"parley\.toml"):
        load({}, tmp_path)


def test_secrets_are_not_in_the_text_form(tmp_path: Path) -> None:
    names = (
        "PARLEY_TELEGRAM_TOKEN",
        "PARLEY_DISCORD_TOKEN",
        "OPENAI_API_KEY",
        "PARLEY_TELEGRAM_WEBHOOK_SECRET",
    )
    settings = load(dict.fromkeys(names, "hidden-word"), tmp_path)
    assert settings.telegram_token == settings.openai_api_key == "hidden-word"
    assert "hidden-word" not in repr(settings)


def test_sessions_stay_unless_it_is_said_when_they_go(tmp_path: Path) -> None:
    assert retention(load({}, tmp_path)) is None
    days = {"PARLEY_ARCHIVE_AFTER_DAYS": "30"}
    assert retention(load(days, tmp_path)) == Retention(timedelta(days=30))
    both = load({**days, "PARLEY_DELETE_AFTER_DAYS": "90"}, tmp_path)
    assert retention(both) == Retention(timedelta(days=30), timedelta(days=90))


def test_what_is_deleted_was_archived_before(tmp_path: Path) -> None:
    settings = load({"PARLEY_DELETE_AFTER_DAYS": "90"}, tmp_path)
    with pytest.raises(
        SettingError, match=r"PARLEY_DELETE_AFTER_DAYS is 90.*PARLEY_ARCHIVE_AFTER_DAYS=30"
    ):
        retention(settings)

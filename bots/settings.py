"""The settings of the deployment: environment over ``.env`` over ``parley.toml``."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from sessions.errors import SettingError

FILE = "parley.toml"


@dataclass(frozen=True)
class Settings:
    """What is set, as checked texts. An empty one is not set; secrets are left out of the text form.

    Each field's variable is ``PARLEY_`` and its name in capitals, but for OpenAI's own.
    """

    home: Path
    storage: str = ""
    model: str = ""
    openai_api_key: str = field(default="", repr=False)
    openai_base_url: str = ""
    context_tokens: str = "128000"
    system_prompt: str = ""
    memory: str = ""
    knowledge: str = "off"
    embeddings_model: str = ""
    allowed: str = ""
    telegram_token: str = field(default="", repr=False)
    telegram_api_base: str = ""
    telegram_webhook_url: str = ""
    telegram_webhook_secret: str = field(default="", repr=False)
    redis_user: str = field(default="", repr=False)
    redis_password: str = field(default="", repr=False)
    redis_sentinel_password: str = field(default="", repr=False)
    discord_token: str = field(default="", repr=False)
    discord_api_base: str = ""
    workflow_functions: str = ""
    http: str = ""
    lease_seconds: str = "30"
    drain_seconds: str = "20"
    archive_after_days: str = ""
    delete_after_days: str = ""
    log: str = ""
    log_format: str = "text"


_OTHERS = {"openai_api_key": "OPENAI_API_KEY", "openai_base_url": "OPENAI_BASE_URL"}
_SECRETS = frozenset(one.name for one in fields(Settings) if not one.repr)
_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("text", "json")
_MEMORY = ("off", "on", "extract")
_IN_SMALL_LETTERS = ("log", "log_format", "memory", "knowledge")
_SWITCH = ("on", "off")


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return _OTHERS.get(name) or f"PARLEY_{name.upper()}"


def load(environment: Mapping[str, str], here: Path) -> Settings:
    """Read the settings as they are for a process that was started in the folder ``here``.

    Raises SettingError, which names the setting and a right example.
    """
    found = {**_from_toml(here / FILE), **_from_dotenv(here / ".env"), **_from(environment)}
    home = Path(found.get("home") or "~/.parley").expanduser()
    if home != here:
        found = {**_from_toml(home / FILE), **found}
    checked = {name: _check(name, text) for name, text in found.items() if name != "home" and text}
    return Settings(home, **checked)


def _from(variables: Mapping[str, str | None]) -> dict[str, str]:
    texts = ((one.name, variables.get(variable(one.name))) for one in fields(Settings))
    return {name: text.strip() for name, text in texts if text and text.strip()}


def _from_dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    import dotenv  # only where there is such a file

    try:
        return _from(dotenv.dotenv_values(path, interpolate=False))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} cannot be read: {error}") from error


def _from_toml(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    import tomllib  # only where there is such a file

    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{path} cannot be read: {error}") from error
    known = {one.name for one in fields(Settings)}
    for name, value in read.items():
        if name not in known:
            raise SettingError(f"{path}: there is no setting “{name}”. {_nearest(name, known)}")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise SettingError(f"{path}: “{name}” must be a text or a number, as in {_example(name)}")
    return {name: str(value) for name, value in read.items()}


def _nearest(name: str, known: set[str]) -> str:
    import difflib  # only for a mistake

    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean “{near[0]}”?" if near else f"There are: {', '.join(sorted(known))}."


def _example(name: str) -> str:
    return f'{name} = "{_EXAMPLES.get(name, "…")}"'


_EXAMPLES = {
    "context_tokens": "128000",
    "memory": "on",
    "knowledge": "on",
    "openai_base_url": "http://localhost:8000/v1",
    "telegram_api_base": "https://api.telegram.org",
    "telegram_webhook_url": "https://bot.example.org/telegram",
    "telegram_webhook_secret": "(1 to 256 of A-Z a-z 0-9 _ -)",
    "discord_api_base": "https://discord.com/api/v10",
    "workflow_functions": "my_company.steps",
    "http": "127.0.0.1:8080",
    "lease_seconds": "30",
    "drain_seconds": "20",
    "archive_after_days": "30",
    "delete_after_days": "90",
    "log": "info",
    "log_format": "json",
}


def _is_url(text: str) -> bool:
    scheme, _, rest = text.partition("://")
    return scheme in ("http", "https") and bool(rest.strip("/")) and not any(map(str.isspace, rest))


def _is_webhook_secret(text: str) -> bool:
    """https://core.telegram.org/bots/api#setwebhook."""
    return len(text) <= 256 and text.isascii() and text.replace("_", "a").replace("-", "a").isalnum()


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536


def _is_days(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text) <= 36_500


_CHECKS: dict[str, Callable[[str], bool]] = {
    "context_tokens": lambda text: text.isdecimal() and 512 <= int(text) <= 100_000_000,
    "memory": lambda text: text in _MEMORY,
    "knowledge": lambda text: text in _SWITCH,
    "openai_base_url": _is_url,
    "telegram_api_base": _is_url,
    "telegram_webhook_url": _is_url,
    "telegram_webhook_secret": _is_webhook_secret,
    "discord_api_base": _is_url,
    "workflow_functions": lambda text: all(part.isidentifier() for part in text.split(".")),
    "http": _is_address,
    "lease_seconds": lambda text: text.isdecimal() and 1 <= int(text) <= 3600,
    "drain_seconds": lambda text: text.isdecimal() and int(text) <= 3600,
    "archive_after_days": _is_days,
    "delete_after_days": _is_days,
    "log": lambda text: text in _LEVELS,
    "log_format": lambda text: text in _FORMATS,
}


def _check(name: str, text: str) -> str:
    text = text.lower() if name in _IN_SMALL_LETTERS else text
    check = _CHECKS.get(name)
    if check is not None and not check(text):
        said = "set to something" if name in _SECRETS else f"“{text}”"
        raise SettingError(
            f"{variable(name)} is {said}, which does not fit. "
            f"Set it like this: {variable(name)}={_EXAMPLES[name]}"
        )
    return text


def load_here() -> Settings:
    """Read the settings of this process."""
    return load(os.environ, Path.cwd())

"""Words of the wire: JSON objects, the arguments of a call, and the server's refusals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, object]


class RefusedError(Exception):
    """The call is refused: HTTP status, description and `parameters` of the error object."""

    def __init__(
        self, status: int, description: str, parameters: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = dict(parameters or {})

    def body(self) -> JsonObject:
        body: JsonObject = {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
        }
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(text: str) -> RefusedError:
    """Refuse with 400; the first letter is lowered as the server does, constants stay."""
    constant = len(text) > 1 and (text[1] == "_" or text[1].isupper())
    return RefusedError(400, "Bad Request: " + (text if constant else text[:1].lower() + text[1:]))


def too_many_requests(seconds: int) -> RefusedError:
    return RefusedError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the bot; `status` is None until answered, 0 when the reply was withheld."""

    number: int
    method: str
    params: Mapping[str, object]
    at: datetime
    status: int | None = None
    description: str | None = None

    @property
    def chat_id(self) -> int | None:
        value = self.params.get("chat_id")
        try:
            return int(str(value))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of a call, read with the leniency of the real server (numbers may be strings)."""

    values: Mapping[str, object] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        match self.values.get(name):
            case None:
                return ""
            case str(text):
                return text
            case bool(flag):
                return "true" if flag else "false"
            case int(number):
                return str(number)
            case other:
                return json.dumps(other)

    def integer(self, name: str, default: int = 0) -> int:
        try:
            return int(self.text(name).strip())
        except ValueError:
            return default

    def optional_integer(self, name: str) -> int | None:
        return self.integer(name) or None

    def flag(self, name: str) -> bool:
        return self.text(name).strip().lower() in {"true", "yes", "1"}

    def structure(self, name: str, what: str) -> object | None:
        """Return the JSON value of an argument, or None when it is absent or empty."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            parsed: object = json.loads(value)
        except json.JSONDecodeError as error:
            raise bad_request(f"can't parse {what} JSON object") from error
        return parsed


def as_object(value: object) -> JsonObject | None:
    """Narrow a JSON value to an object; None when it is anything else."""
    if not isinstance(value, dict):
        return None
    return {str(key): item for key, item in value.items()}


def as_list(value: object) -> list[object] | None:
    """Narrow a JSON value to an array; None when it is anything else."""
    return list(value) if isinstance(value, list) else None

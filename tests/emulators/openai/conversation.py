"""Refuses messages that do not make a conversation."""

import re
from collections.abc import Sequence

from tests.emulators.openai.refusals import RefusedError, bad

_KEYS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {
        "role",
        "content",
        "name",
        "refusal",
        "tool_calls",
        "function_call",
        "audio",
        "annotations",
    },
    "tool": {"role", "content", "tool_call_id"},
    "function": {"role", "content", "name"},
}
_PARTS = {
    "system": {"text"},
    "developer": {"text"},
    "user": {"text", "image_url", "input_audio", "file"},
    "assistant": {"text", "refusal"},
    "tool": {"text"},
    "function": set[str](),
}
_NAME = re.compile(r"[^\s<|\\/>]+")
_NAME_PATTERN = r"'^[^\s<|\\/>]+$'"
_LONGEST_NAME = 64


def check_messages(found: object) -> Sequence[dict[str, object]]:
    """Return the messages of an acceptable conversation; raises RefusedError for any other.

    An empty string as content is refused too, as some compatible servers do and OpenAI does not.
    """
    if not isinstance(found, list) or not found:
        raise _empty_array("messages")
    for index, message in enumerate(found):
        if not isinstance(message, dict):
            raise bad(
                f"Invalid type for 'messages[{index}]': expected an object.",
                f"messages[{index}]",
                "invalid_type",
            )
        _check_message(message, f"messages[{index}]")
    _check_tool_order(found)
    return found


def _check_message(message: dict[str, object], at: str) -> None:
    role = message.get("role")
    if role is None:
        raise _missing(f"{at}.role")
    if not isinstance(role, str) or role not in _KEYS:
        known = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
        raise bad(
            f"Invalid value: '{role}'. Supported values are: {known}.",
            f"{at}.role",
            "invalid_value",
        )
    for key in message:
        if key not in _KEYS[role]:
            raise bad(f"Unknown parameter: '{at}.{key}'.", f"{at}.{key}", "unknown_parameter")
    _check_name(message.get("name"), f"{at}.name")
    if role == "assistant":
        _check_tool_calls(message, at)
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise _missing(f"{at}.tool_call_id")
    _check_content(role, message, f"{at}.content")


def _check_content(role: str, message: dict[str, object], at: str) -> None:
    content = message.get("content")
    if content is None:
        excused = ("tool_calls", "function_call", "refusal", "audio")
        if role == "assistant" and any(message.get(key) for key in excused):
            return
        if "content" not in message:
            raise _missing(at)
        raise bad("Invalid value for 'content': expected a string, got null.", at)
    if isinstance(content, str):
        if not content and not message.get("tool_calls"):
            raise bad(
                f"Invalid '{at}': string too short. Expected a string with minimum length 1, "
                "but got an empty string instead.",
                at,
                "string_below_min_length",
            )
        return
    if not isinstance(content, list):
        raise bad(
            f"Invalid type for '{at}': expected one of a string or array of objects.",
            at,
            "invalid_type",
        )
    if not content:
        raise _empty_array(at)
    for index, part in enumerate(content):
        _check_part(part, _PARTS[role], f"{at}[{index}]")


def _check_part(part: object, allowed: set[str], at: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind is None:
        raise _missing(f"{at}.type")
    if kind not in allowed:
        names = ", ".join(f"'{name}'" for name in sorted(allowed))
        raise bad(
            f"Invalid value: '{kind}'. Supported values are: {names}.",
            f"{at}.type",
            "invalid_value",
        )
    if part.get(kind) is None:
        raise _missing(f"{at}.{kind}")


def _check_name(name: object, at: str) -> None:
    if name is None:
        return
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad(
            f"Invalid '{at}': string does not match pattern. "
            f"Expected a string that matches the pattern {_NAME_PATTERN}.",
            at,
            "invalid_value",
        )
    if len(name) > _LONGEST_NAME:
        raise bad(
            f"Invalid '{at}': string too long. Expected a string with maximum length "
            f"{_LONGEST_NAME}, but got a string with length {len(name)} instead.",
            at,
            "string_above_max_length",
        )


def _check_tool_calls(message: dict[str, object], at: str) -> None:
    calls = message.get("tool_calls")
    if calls is None:
        return
    if not isinstance(calls, list) or not calls:
        raise _empty_array(f"{at}.tool_calls")
    for index, call in enumerate(calls):
        if not isinstance(call, dict) or not isinstance(call.get("id"), str):
            raise _missing(f"{at}.tool_calls[{index}].id")
        if call.get("type") not in {"function", "custom"}:
            raise _missing(f"{at}.tool_calls[{index}].type")


def _check_tool_order(messages: list[dict[str, object]]) -> None:
    open_calls: set[object] = set()
    answering = False
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if not answering or message["tool_call_id"] not in open_calls:
                raise bad(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'.",
                    f"messages.[{index}].role",
                )
            open_calls.discard(message["tool_call_id"])
            continue
        _check_answered(open_calls, index)
        open_calls = _call_ids(message)
        answering = bool(open_calls)
    _check_answered(open_calls, len(messages))


def _check_answered(open_calls: set[object], index: int) -> None:
    if open_calls:
        names = ", ".join(sorted(map(str, open_calls)))
        raise bad(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{names}",
            f"messages.[{index}].role",
        )


def _call_ids(message: dict[str, object]) -> set[object]:
    calls = message.get("tool_calls")
    return {call["id"] for call in calls} if isinstance(calls, list) else set()


def _missing(param: str) -> RefusedError:
    return bad(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def _empty_array(param: str) -> RefusedError:
    return bad(
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, "
        "but got an empty array instead.",
        param,
        "empty_array",
    )

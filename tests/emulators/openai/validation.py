"""Refuses what the chat completions API refuses, with its words.

Reference: https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping

from tests.emulators.openai.conversation import check_messages
from tests.emulators.openai.refusals import bad, too_long, unknown_model
from tests.emulators.openai.tokens import CountTokens, prompt_tokens

_INTEGER = (int,)
_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "audio": (dict,),
    "frequency_penalty": _NUMBER,
    "function_call": (str, dict),
    "functions": (list,),
    "logit_bias": (dict,),
    "logprobs": (bool,),
    "max_completion_tokens": _INTEGER,
    "max_tokens": _INTEGER,
    "messages": (list,),
    "metadata": (dict,),
    "modalities": (list,),
    "model": (str,),
    "moderation": (dict,),
    "n": _INTEGER,
    "parallel_tool_calls": (bool,),
    "prediction": (dict,),
    "presence_penalty": _NUMBER,
    "prompt_cache_key": (str,),
    "prompt_cache_options": (dict,),
    "prompt_cache_retention": (str,),
    "reasoning_effort": (str,),
    "response_format": (dict,),
    "safety_identifier": (str,),
    "seed": _INTEGER,
    "service_tier": (str,),
    "stop": (str, list),
    "store": (bool,),
    "stream": (bool,),
    "stream_options": (dict,),
    "temperature": _NUMBER,
    "tool_choice": (str, dict),
    "tools": (list,),
    "top_logprobs": _INTEGER,
    "top_p": _NUMBER,
    "user": (str,),
    "verbosity": (str,),
    "web_search_options": (dict,),
}
_RANGES: dict[str, tuple[float, float]] = {
    "frequency_penalty": (-2, 2),
    "max_completion_tokens": (1, float("inf")),
    "max_tokens": (1, float("inf")),
    # Answers with more than one choice are beyond this server.
    "n": (1, 1),
    "presence_penalty": (-2, 2),
    "temperature": (0, 2),
    "top_logprobs": (0, 20),
    "top_p": (0, 1),
}
_STREAM_OPTIONS = {"include_usage": bool, "include_obfuscation": bool}
_NAMES: dict[type, str] = {
    bool: "a boolean",
    dict: "an object",
    float: "a decimal",
    int: "an integer",
    list: "an array",
    str: "a string",
    type(None): "null",
}


def check_request(body: dict[str, object], contexts: Mapping[str, int], count: CountTokens) -> int:
    """Return the prompt's tokens of an acceptable request; raises RefusedError for any other.

    `contexts` has the context length, in tokens, of each model that exists.
    """
    _check_parameters(body)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise bad("you must provide a model parameter")
    if model not in contexts:
        raise unknown_model(model)
    if body.get("messages") is None:
        raise bad("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    _check_stream_options(body)
    messages = check_messages(body["messages"])
    prompt = prompt_tokens(messages, count)
    completion = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    if isinstance(completion, int) and prompt + completion > contexts[model]:
        raise too_long(contexts[model], prompt, completion)
    return prompt


def _check_parameters(body: dict[str, object]) -> None:
    if unknown := [name for name in body if name not in _TYPES]:
        plural = "s" if len(unknown) > 1 else ""
        raise bad(f"Unrecognized request argument{plural} supplied: {', '.join(unknown)}")
    for name, value in body.items():
        if value is None:
            continue
        if type(value) not in _TYPES[name]:
            raise _wrong_type(name, value, _TYPES[name])
        if name in _RANGES and isinstance(value, int | float):
            _check_range(name, value)
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise bad(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )


def _check_range(name: str, value: float) -> None:
    low, high = _RANGES[name]
    kind = "integer" if _TYPES[name] == _INTEGER else "decimal"
    if value < low:
        raise bad(
            f"Invalid '{name}': {kind} below minimum value. "
            f"Expected a value >= {low:g}, but got {value} instead.",
            name,
            f"{kind}_below_min_value",
        )
    if value > high:
        raise bad(
            f"Invalid '{name}': {kind} above maximum value. "
            f"Expected a value <= {high:g}, but got {value} instead.",
            name,
            f"{kind}_above_max_value",
        )


def _check_stream_options(body: dict[str, object]) -> None:
    options = body.get("stream_options")
    if not isinstance(options, dict):
        return
    if body.get("stream") is not True:
        raise bad(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    for key, value in options.items():
        param = f"stream_options.{key}"
        if key not in _STREAM_OPTIONS:
            raise bad(f"Unknown parameter: '{param}'.", param, "unknown_parameter")
        if value is not None and type(value) is not _STREAM_OPTIONS[key]:
            raise _wrong_type(param, value, (_STREAM_OPTIONS[key],))


def _wrong_type(param: str, value: object, expected: tuple[type, ...]) -> Exception:
    wanted = " or ".join(_NAMES[one] for one in expected)
    return bad(
        f"Invalid type for '{param}': expected {wanted}, but got {_NAMES[type(value)]} instead.",
        param,
        "invalid_type",
    )

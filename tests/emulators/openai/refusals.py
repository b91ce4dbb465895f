"""Errors in the shape that the OpenAI API gives them."""

import msgspec


class RefusedError(Exception):
    """A request that is answered with an HTTP error and OpenAI's error body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(message, kind=kind, param=param, code=code)


def error_body(
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
) -> bytes:
    """Encode `{"error": {"message", "type", "param", "code"}}`."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return msgspec.json.encode({"error": error})


def bad(message: str, param: str | None = None, code: str | None = None) -> RefusedError:
    """Make the 400 of a request that the API does not accept."""
    return RefusedError(400, message, param=param, code=code)


def unknown_key(key: str) -> RefusedError:
    """Make the 401 for a missing (empty) or wrong key; most of the key is hidden."""
    if not key:
        return RefusedError(
            401,
            "You didn't provide an API key. You need to provide your API key in an "
            "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    shown = f"{key[:4]}***{key[-4:]}" if len(key) > 8 else "***"
    return RefusedError(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")


def unknown_model(name: str) -> RefusedError:
    """Make the 404 of a model that this server does not have."""
    return RefusedError(
        404,
        f"The model `{name}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


def too_long(limit: int, prompt: int, completion: int = 0) -> RefusedError:
    """Make the 400 of a prompt, or a prompt with its `max_tokens`, over the context of `limit`."""
    if prompt > limit or not completion:
        found = f"your messages resulted in {prompt} tokens"
        remedy = "Please reduce the length of the messages."
    else:
        total = prompt + completion
        split = f"{prompt} in the messages, {completion} in the completion"
        found = f"you requested {total} tokens ({split})"
        remedy = "Please reduce the length of the messages or completion."
    return bad(
        f"This model's maximum context length is {limit} tokens. However, {found}. {remedy}",
        "messages",
        "context_length_exceeded",
    )

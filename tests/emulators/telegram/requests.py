"""Reading of requests: JSON, form, multipart and query string become one set of arguments."""

import json

from aiohttp import web

from tests.emulators.telegram.wire import RefusedError, as_object


async def read_params(request: web.Request) -> dict[str, object]:
    """Return the arguments of a call; the body overrides the query string."""
    params: dict[str, object] = dict(request.query)
    if request.method != "POST" or not request.can_read_body:
        return params
    if request.content_type == "application/json":
        params |= _from_json(await request.read())
        return params
    form = await request.post()
    params |= {name: value for name, value in form.items() if isinstance(value, str)}
    return params


def _from_json(body: bytes) -> dict[str, object]:
    try:
        values = as_object(json.loads(body))
    except ValueError:
        values = None
    if values is None:
        raise RefusedError(400, "Bad Request: can't parse JSON object")
    return values

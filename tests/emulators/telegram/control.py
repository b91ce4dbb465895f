"""The control API of the emulator as a process: `POST /_control/<order>` with JSON in and out."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from types import EllipsisType, MappingProxyType

from aiohttp import web

from tests.emulators.telegram.api import BotApi
from tests.emulators.telegram.faults import Fault, FaultKind
from tests.emulators.telegram.flood import Flood
from tests.emulators.telegram.model import MemberStatus, Message, WorldError
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.wire import Arguments, as_list, as_object

Order = Callable[[BotApi, Arguments], object]
Wait = Callable[[BotApi, Arguments], Awaitable[object]]


def control_routes(api: BotApi) -> list[web.RouteDef]:
    """Return the routes that give orders to this emulator."""

    async def handle(request: web.Request) -> web.Response:
        name = request.match_info["order"]
        if name not in ORDERS and name not in WAITS:
            return _answer(404, {"error": f"no order {name}"})
        try:
            given = as_object(json.loads(await request.read() or b"{}")) or {}
            result = await _obey(api, name, Arguments(given))
        except TimeoutError:
            return _answer(408, {"error": "it did not happen in time"})
        except (WorldError, KeyError, ValueError) as error:
            return _answer(400, {"error": str(error)})
        return _answer(200, result)

    return [web.post("/_control/{order}", handle)]


async def _obey(api: BotApi, name: str, order: Arguments) -> object:
    if name in WAITS:
        return await WAITS[name](api, order)
    return ORDERS[name](api, order)


def _answer(status: int, result: object) -> web.Response:
    body = json.dumps(result, default=_plain, ensure_ascii=False)
    return web.Response(status=status, text=body, content_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _person(api: BotApi, order: Arguments) -> Person:
    return api.person(order.integer("person"))


def _message(api: BotApi, order: Arguments) -> Message:
    view = api.chat(order.integer("chat"))
    number = order.integer("message")
    message = next((message for message in view.everything if message.id == number), None)
    if message is None:
        raise WorldError(f"chat {view.id} has no message {number}")
    return message


def _thread(order: Arguments) -> int | EllipsisType | None:
    return order.optional_integer("thread") if "thread" in order.values else ...


def _add_person(api: BotApi, order: Arguments) -> object:
    username = order.text("username") or None
    return api.add_person(order.text("first_name"), username=username).user


def _add_group(api: BotApi, order: Arguments) -> object:
    creator = api.person(order.integer("creator"))
    members = [api.person(int(str(item))) for item in as_list(order.values.get("members")) or []]
    bot = MemberStatus(order.text("bot") or "member")
    if not (order.flag("supergroup") or order.flag("forum")):
        view = api.add_group(order.text("title"), creator, *members, bot=bot)
    else:
        forum = order.flag("forum")
        view = api.add_supergroup(order.text("title"), creator, *members, forum=forum, bot=bot)
    return {"id": view.id}


def _say(api: BotApi, order: Arguments) -> object:
    return _person(api, order).say(
        order.integer("chat"),
        order.text("text"),
        thread=order.optional_integer("thread"),
        reply_to=order.optional_integer("reply_to"),
    )


def _send_photo(api: BotApi, order: Arguments) -> object:
    thread = order.optional_integer("thread")
    return _person(api, order).send_photo(order.integer("chat"), order.text("caption"), thread=thread)


def _edit(api: BotApi, order: Arguments) -> object:
    return _person(api, order).edit(_message(api, order), order.text("text"))


async def _press(api: BotApi, order: Arguments) -> object:
    press = _person(api, order).press(_message(api, order), order.text("button"))
    return await press.answered(order.integer("timeout", 5))


def _stop_generation(api: BotApi, order: Arguments) -> object:
    _person(api, order).stop_generation(order.optional_integer("thread"))
    return True


def _set_status(api: BotApi, order: Arguments) -> object:
    user = api.world.users[_person(api, order).user.id]
    api.groups.set_status(order.integer("chat"), user, MemberStatus(order.text("status")))
    return True


def _create_topic(api: BotApi, order: Arguments) -> object:
    return api.groups.create_topic(order.integer("chat"), order.text("name"))


def _change_topic(api: BotApi, order: Arguments) -> object:
    chat, thread = order.integer("chat"), order.integer("thread")
    match order.text("change"):
        case "rename":
            api.groups.rename_topic(chat, thread, order.text("name"))
        case "close":
            api.groups.close_topic(chat, thread)
        case "reopen":
            api.groups.reopen_topic(chat, thread)
        case "delete":
            api.groups.delete_topic(chat, thread)
        case other:
            raise WorldError(f"topics are not changed by {other!r}")
    return True


def _migrate(api: BotApi, order: Arguments) -> object:
    view = api.groups.migrate(order.integer("chat"), forum=order.flag("forum"))
    return {"id": view.id}


def _visible(api: BotApi, order: Arguments) -> object:
    view = api.chat(order.integer("chat"))
    thread = _thread(order)
    if isinstance(thread, EllipsisType):
        return view.visible(service=order.flag("service"))
    return view.thread(thread).visible(service=order.flag("service"))


def _wait_text(api: BotApi, order: Arguments) -> Awaitable[object]:
    return api.chat(order.integer("chat")).wait_text(
        order.text("contains"), thread=_thread(order), timeout=order.integer("timeout", 5)
    )


def _wait_call(api: BotApi, order: Arguments) -> Awaitable[object]:
    return api.wait_call(
        order.text("method"),
        count=order.integer("count", 1),
        timeout=order.integer("timeout", 5),
    )


def _calls(api: BotApi, order: Arguments) -> object:
    return api.calls_of(order.text("method")) if order.has("method") else list(api.calls)


def _fail(api: BotApi, order: Arguments) -> object:
    """Take the fault's fields as `kind`, `status`, `text` and `seconds`; `times` null is always."""
    fault = Fault(
        FaultKind(order.text("kind")),
        status=order.integer("status", 500),
        text=order.text("text"),
        seconds=float(order.text("seconds") or 0),
    )
    times = order.optional_integer("times") if "times" in order.values else 1
    chat = order.optional_integer("chat")
    api.fail(order.text("method"), fault, chat=chat, times=times)
    return True


def _set_flood(api: BotApi, order: Arguments) -> object:
    mode = order.text("mode")
    modes = {"off": Flood.off, "strict": Flood.strict, "default": Flood}
    api.set_flood(modes[mode]())
    return True


def _heal(api: BotApi, _: Arguments) -> object:
    api.heal()
    return True


def _redeliver(api: BotApi, order: Arguments) -> object:
    return api.redeliver(order.optional_integer("update_id"))


def _garbage_update(api: BotApi, order: Arguments) -> object:
    return api.garbage_update(as_object(order.values.get("fields")))


def _flood_violations(api: BotApi, _: Arguments) -> object:
    return list(api.flood_violations)


def _pending_updates(api: BotApi, _: Arguments) -> object:
    return list(api.pending_updates)


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "add_person": _add_person,
        "add_group": _add_group,
        "say": _say,
        "send_photo": _send_photo,
        "edit": _edit,
        "stop_generation": _stop_generation,
        "set_status": _set_status,
        "create_topic": _create_topic,
        "change_topic": _change_topic,
        "migrate": _migrate,
        "visible": _visible,
        "calls": _calls,
        "fail": _fail,
        "heal": _heal,
        "set_flood": _set_flood,
        "redeliver": _redeliver,
        "garbage_update": _garbage_update,
        "flood_violations": _flood_violations,
        "pending_updates": _pending_updates,
    }
)
WAITS: Mapping[str, Wait] = MappingProxyType(
    {"press": _press, "wait_text": _wait_text, "wait_call": _wait_call}
)

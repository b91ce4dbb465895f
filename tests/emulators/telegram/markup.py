"""Reply markups: what the server accepts as a keyboard, and with which words it refuses one."""

from urllib.parse import urlsplit

from tests.emulators.telegram.wire import Arguments, JsonObject, as_list, as_object, bad_request

MAX_CALLBACK_BYTES = 64
"""https://core.telegram.org/bots/api#inlinekeyboardbutton"""
MAX_BUTTONS = 100
_BUTTON = "Can't parse inline keyboard button: "


def read_markup(arguments: Arguments) -> JsonObject | None:
    """Read `reply_markup` of a call; an empty inline keyboard is none."""
    given = arguments.structure("reply_markup", "reply keyboard markup")
    if given is None:
        return None
    markup = as_object(given)
    if markup is None:
        raise bad_request("Object expected as reply markup")
    if "inline_keyboard" in markup:
        return _inline_keyboard(markup["inline_keyboard"])
    if "keyboard" in markup:
        _reply_keyboard(markup["keyboard"])
    return markup or None


def _inline_keyboard(given: object) -> JsonObject | None:
    wrong = 'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
    rows = as_list(given)
    if rows is None:
        raise bad_request('Field "inline_keyboard" must be of type Array')
    keyboard: list[list[JsonObject]] = []
    for row in rows:
        buttons = as_list(row)
        if buttons is None:
            raise bad_request(wrong)
        if buttons:
            keyboard.append([_inline_button(button) for button in buttons])
    if sum(map(len, keyboard)) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": keyboard} if keyboard else None


def _inline_button(given: object) -> JsonObject:
    button = as_object(given)
    if button is None:
        raise bad_request(_BUTTON + "InlineKeyboardButton must be an Object")
    text = button.get("text")
    if text is None:
        raise bad_request(_BUTTON + 'Can\'t find field "text"')
    if not isinstance(text, str):
        raise bad_request(_BUTTON + 'Field "text" must be of type String')
    if not text.strip():
        raise bad_request("Inline keyboard button text must be non-empty")
    _check_purpose(button)
    return button


def _check_purpose(button: JsonObject) -> None:
    match button:
        case {"url": str(url)} if url:
            _check_url(url)
        case {"callback_data": str(data)} if data:
            if len(data.encode()) > MAX_CALLBACK_BYTES:
                raise bad_request("BUTTON_DATA_INVALID")
        case {"callback_data": value} if value is not None and not isinstance(value, str):
            raise bad_request(_BUTTON + 'Field "callback_data" must be of type String')
        case {"copy_text": dict()} | {"web_app": dict()} | {"login_url": dict()}:
            pass
        case {"switch_inline_query": str()} | {"switch_inline_query_current_chat": str()}:
            pass
        case _:
            raise bad_request(_BUTTON + "Text buttons are unallowed in the inline keyboard")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "tg", "ton"} or not parts.netloc:
        raise bad_request("BUTTON_URL_INVALID")


def _reply_keyboard(given: object) -> None:
    wrong = 'Field "keyboard" must be an Array of Arrays'
    rows = as_list(given)
    if rows is None:
        raise bad_request(wrong)
    for row in rows:
        buttons = as_list(row)
        if buttons is None:
            raise bad_request(wrong)
        for button in buttons:
            if not isinstance(button, str) and "text" not in (as_object(button) or {}):
                raise bad_request(
                    "Can't parse keyboard button: KeyboardButton must be a String or an Object"
                )

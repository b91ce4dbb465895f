"""Answers to interactions: the callback, and the messages of its fifteen-minute webhook."""

from dataclasses import replace

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import (
    already_acknowledged,
    empty_message,
    unknown_interaction,
    unknown_message,
)
from tests.emulators.discord.form import Form
from tests.emulators.discord.interactions import (
    Callback,
    Choice,
    Interaction,
    InteractionKind,
    Progress,
)
from tests.emulators.discord.nouns import EPHEMERAL, LOADING, Message, MessageKind
from tests.emulators.discord.posting import Draft, delete, edit, post
from tests.emulators.discord.rest.drafts import read_change, read_draft
from tests.emulators.discord.rest.request import Reply, Request, Routes

_MESSAGE = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
_FITTING = {
    InteractionKind.COMMAND: {Callback.MESSAGE, Callback.DEFERRED_MESSAGE},
    InteractionKind.COMPONENT: {
        Callback.MESSAGE,
        Callback.DEFERRED_MESSAGE,
        Callback.DEFERRED_UPDATE,
        Callback.UPDATE,
    },
    InteractionKind.AUTOCOMPLETE: {Callback.CHOICES},
}


def routes() -> Routes:
    return {
        ("POST", "/interactions/{interaction_id}/{token}/callback"): answer,
        ("POST", "/webhooks/{webhook_id}/{token}"): follow_up,
        ("GET", _MESSAGE): get,
        ("PATCH", _MESSAGE): change,
        ("DELETE", _MESSAGE): remove,
    }


def answer(request: Request) -> Reply:
    """Take the one callback of an interaction; 200 with a body when asked for, else 204."""
    interaction = request.parts.interactions.by_token.get(request.params["token"])
    if interaction is None or interaction.id != request.id("interaction_id"):
        raise unknown_interaction()
    if interaction.progress is Progress.ACKNOWLEDGED:
        raise already_acknowledged()
    if interaction.progress is Progress.FAILED or request.parts.interactions.overdue(interaction):
        raise unknown_interaction()
    form = request.form()
    number = form.choice("type", {int(c) for c in _FITTING[interaction.kind]}, required=True)
    form.check()
    assert number is not None
    callback = Callback(number)
    _take(request, interaction, callback, form)
    interaction.callback = callback
    interaction.progress = Progress.ACKNOWLEDGED
    interaction.acknowledged_at = request.world.clock.now()
    request.world.changes.happened()
    if request.query.get("with_response", "").lower() in {"1", "true"}:
        return Reply(200, _describe(interaction, callback))
    return Reply(204)


def follow_up(request: Request) -> Reply:
    """Send a further message; the first one after a deferral fills the waiting message."""
    interaction = _interaction(request)
    form = request.form()
    draft = read_draft(request, form, may_hide=True)
    form.check()
    if draft.empty:
        raise empty_message()
    original = interaction.original
    if original is not None and original.loading and original.deleted_at is None:
        edit(request.world, original, draft)
        return Reply(200, payloads.message(original))
    message = _post(request, interaction, draft)
    interaction.followups.append(message)
    request.world.changes.happened()
    return Reply(200, payloads.message(message))


def get(request: Request) -> Reply:
    return Reply(200, payloads.message(_message(request)))


def change(request: Request) -> Reply:
    message = _message(request)
    form = request.form()
    draft = read_change(request, form, message)
    form.check()
    if draft.empty:
        raise empty_message()
    edit(request.world, message, draft)
    return Reply(200, payloads.message(message))


def remove(request: Request) -> Reply:
    delete(request.world, _message(request))
    return Reply(204)


def _take(request: Request, interaction: Interaction, callback: Callback, form: Form) -> None:
    match callback:
        case Callback.MESSAGE:
            data = form.child("data")
            draft = read_draft(request, data, may_hide=True)
            form.check()
            if draft.empty:
                raise empty_message()
            interaction.original = _post(request, interaction, draft)
        case Callback.DEFERRED_MESSAGE:
            hidden = _hidden(form)
            waiting = Draft(request.world.bot, flags=LOADING | (EPHEMERAL if hidden else 0))
            interaction.original = _post(request, interaction, waiting)
        case Callback.DEFERRED_UPDATE:
            interaction.original = interaction.source
        case Callback.UPDATE:
            _update(request, interaction, form)
        case Callback.CHOICES:
            interaction.choices = _choices(form)
    interaction.ephemeral = interaction.original is not None and interaction.original.ephemeral


def _update(request: Request, interaction: Interaction, form: Form) -> None:
    source = interaction.source
    assert source is not None
    if form.given("data"):
        draft = read_change(request, form.child("data"), source)
        form.check()
        if draft.empty:
            raise empty_message()
        edit(request.world, source, draft)
    interaction.original = source


def _choices(form: Form) -> list[Choice]:
    data = form.child("data")
    found: list[Choice] = []
    for choice in data.children("choices", most=25):
        name = choice.text("name", 1, 100, required=True)
        value = choice.raw("value")
        if isinstance(value, str):
            choice.text("value", 1, 100, required=True)
        if not isinstance(value, str | int | float):
            choice.refuse("value", "BASE_TYPE_REQUIRED", "This field is required")
        else:
            found.append(Choice(name or "", value))
    form.check()
    return found


def _hidden(form: Form) -> bool:
    if not form.given("data"):
        return False
    flags = form.child("data").integer("flags") or 0
    form.check()
    return bool(flags & EPHEMERAL)


def _post(request: Request, interaction: Interaction, draft: Draft) -> Message:
    first_of_command = interaction.original is None and interaction.kind is InteractionKind.COMMAND
    kind = MessageKind.CHAT_INPUT_COMMAND if first_of_command else MessageKind.DEFAULT
    answered = replace(
        draft,
        kind=kind,
        interaction=interaction.metadata,
        ephemeral_to=interaction.user if draft.flags & EPHEMERAL else None,
    )
    return post(request.world, interaction.channel, answered)


def _interaction(request: Request) -> Interaction:
    token = request.params["token"]
    return request.parts.interactions.for_webhook(request.id("webhook_id"), token)


def _message(request: Request) -> Message:
    interaction = _interaction(request)
    wanted = request.params["message_id"]
    mine = [m for m in (interaction.original, *interaction.followups) if m is not None]
    for message in mine:
        is_original = wanted == "@original" and message is interaction.original
        if (is_original or wanted == str(message.id)) and message.deleted_at is None:
            return message
    raise unknown_message()


def _describe(interaction: Interaction, callback: Callback) -> JsonObject:
    about: JsonObject = {"id": str(interaction.id), "type": int(interaction.kind)}
    resource: JsonObject = {"type": int(callback)}
    message = interaction.original
    if message is not None:
        about["response_message_id"] = str(message.id)
        about["response_message_loading"] = message.loading
        about["response_message_ephemeral"] = message.ephemeral
    if message is not None and callback is not Callback.DEFERRED_UPDATE:
        resource["message"] = payloads.message(message)
    return {"interaction": about, "resource": resource}

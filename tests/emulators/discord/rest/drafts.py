"""Reading the body of a message that the bot sends or changes."""

from dataclasses import replace

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.components import read_components
from tests.emulators.discord.form import Form
from tests.emulators.discord.nouns import EPHEMERAL, Attachment, Message
from tests.emulators.discord.posting import Draft, Pings, current
from tests.emulators.discord.rest.request import Request

_SUPPRESS = (1 << 2) | (1 << 12)
_CONTENT_LIMIT = 2000
_EMBEDS_LIMIT = 6000


def read_draft(request: Request, form: Form, may_hide: bool = False) -> Draft:
    """Read a new message; refusals gather in the form, which the caller checks."""
    pings = _pings(form)
    return Draft(
        author=request.world.bot,
        content=form.text("content", most=_CONTENT_LIMIT) or "",
        embeds=_embeds(form),
        components=read_components(form),
        attachments=_attachments(request, form, []),
        flags=_flags(form, may_hide),
        nonce=_nonce(form),
        pings=pings,
    )


def read_change(request: Request, form: Form, message: Message) -> Draft:
    """Read an edit: what the form does not name stays as it is."""
    draft = replace(current(message), pings=_pings(form))
    if form.given("content"):
        draft = replace(draft, content=form.text("content", most=_CONTENT_LIMIT) or "")
    if form.given("embeds"):
        draft = replace(draft, embeds=_embeds(form))
    if form.given("components"):
        draft = replace(draft, components=read_components(form))
    if form.given("attachments") or request.files:
        kept = _attachments(request, form, message.attachments)
        draft = replace(draft, attachments=kept)
    return draft


def _flags(form: Form, may_hide: bool) -> int:
    flags = form.integer("flags", 0) or 0
    known = _SUPPRESS | (EPHEMERAL if may_hide else 0)
    if flags & ~known & ~EPHEMERAL:
        form.refuse("flags", "INVALID_BITWISE_FLAG", "Invalid flags")
    return flags & known


def _nonce(form: Form) -> str | int | None:
    value = form.raw("nonce")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return form.text("nonce", most=25)


def _embeds(form: Form) -> list[JsonObject]:
    total = 0
    for embed in form.children("embeds", most=10):
        title = embed.text("title", most=256) or ""
        description = embed.text("description", most=4096) or ""
        total += len(title) + len(description)
        for named in embed.children("fields", most=25):
            name = named.text("name", 1, 256, required=True) or ""
            value = named.text("value", 1, 1024, required=True) or ""
            total += len(name) + len(value)
        if embed.given("footer"):
            total += len(embed.child("footer").text("text", most=2048) or "")
    if total > _EMBEDS_LIMIT:
        message = f"Embed size exceeds maximum size of {_EMBEDS_LIMIT}"
        form.refuse("embeds", "MAX_EMBED_SIZE_EXCEEDED", message)
    stored = [embed for embed in form.items("embeds") if isinstance(embed, dict)]
    return [{"type": "rich", **embed} for embed in stored]


def _attachments(request: Request, form: Form, present: list[Attachment]) -> list[Attachment]:
    """Give kept attachments and uploads, in the order of the form; unnamed uploads come last."""
    kept = {attachment.id: attachment for attachment in present}
    uploads = dict(request.files)
    found: list[Attachment] = []
    for item in form.children("attachments", most=10):
        number = item.snowflake("id", required=True)
        upload = uploads.pop(f"files[{number}]", None)
        if upload is not None:
            name = item.text("filename") or upload.filename
            found.append(replace(upload, filename=name))
        elif number in kept:
            found.append(kept[number])
    return found + list(uploads.values())


def _pings(form: Form) -> Pings:
    if form.raw("allowed_mentions") is None:
        return Pings()
    mentions = form.child("allowed_mentions")
    parse = mentions.items("parse")
    for index, kind in enumerate(parse):
        if kind not in {"users", "roles", "everyone"}:
            message = "Value must be one of ('users', 'everyone', 'roles')."
            mentions.child("parse").refuse(str(index), "BASE_TYPE_CHOICES", message)
    users, roles = mentions.items("users", most=100), mentions.items("roles", most=100)
    for kind, named in (("users", users), ("roles", roles)):
        if kind in parse and named:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            mentions.refuse_all(code, message)
    return Pings(
        users=None if "users" in parse else _ids(users),
        roles=None if "roles" in parse else _ids(roles),
        everyone="everyone" in parse,
        replied_user=mentions.raw("replied_user") is True,
    )


def _ids(values: list[object]) -> frozenset[int]:
    return frozenset(int(str(value)) for value in values if str(value).isdigit())

"""A strict stand-in for Telegram's Bot API: its world, its refusals, its limits and its faults."""

from tests.emulators.telegram.api import BotApi
from tests.emulators.telegram.faults import Fault, Injection
from tests.emulators.telegram.flood import Flood
from tests.emulators.telegram.model import (
    CallbackAnswer,
    ChatKind,
    Draft,
    MemberStatus,
    Message,
    Topic,
    User,
    WorldError,
)
from tests.emulators.telegram.people import Person, Press
from tests.emulators.telegram.views import ChatView, ThreadView
from tests.emulators.telegram.wire import ApiCall
from tests.emulators.telegram.world import Settings

__all__ = [
    "ApiCall",
    "BotApi",
    "CallbackAnswer",
    "ChatKind",
    "ChatView",
    "Draft",
    "Fault",
    "Flood",
    "Injection",
    "MemberStatus",
    "Message",
    "Person",
    "Press",
    "Settings",
    "ThreadView",
    "Topic",
    "User",
    "WorldError",
]

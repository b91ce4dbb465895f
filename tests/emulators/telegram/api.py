"""The emulator as tests hold it: a running Bot API, its people and chats, and orders to fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from aiohttp import web

from tests.emulators.telegram.dispatch import Dispatcher
from tests.emulators.telegram.faults import Fault, FaultBook, Injection
from tests.emulators.telegram.flood import Flood, FloodGate
from tests.emulators.telegram.groups import Groups
from tests.emulators.telegram.model import ChatId, ChatKind, ChatLike, MemberStatus, User, UserId
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.server import Wire
from tests.emulators.telegram.updates import QueuedUpdate
from tests.emulators.telegram.views import ChatView
from tests.emulators.telegram.webhook import Webhook
from tests.emulators.telegram.wire import ApiCall, JsonObject
from tests.emulators.telegram.world import Settings, World, utc_now

Found = TypeVar("Found")

GARBAGE: JsonObject = {"message": {"message_id": "not a number", "chat": [], "novelty": {"x": 1}}}
"""An update that no typed decoder takes."""


class BotApi:
    """A strict Bot API for one bot on loopback; start it with `async with BotApi.start()`."""

    def __init__(self, token: str, settings: Settings) -> None:
        self.token = token
        self.base_url = ""
        self.world = World(int(token.partition(":")[0]), settings, utc_now)
        self.groups = Groups(self.world)
        self._gate = FloodGate(settings.flood)
        self._faults = FaultBook()
        self._webhook = Webhook(self.world)
        dispatcher = Dispatcher(self.world, self._gate, self._webhook)
        self._wire = Wire(token, self.world, dispatcher, self._faults, self._gate)

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        token: str = "42:TEST",
        port: int = 0,
        *,
        settings: Settings | None = None,
        flood: Flood | None = None,
        routes: Callable[["BotApi"], list[web.RouteDef]] | None = None,
    ) -> AsyncIterator["BotApi"]:
        """Serve until the block ends; port 0 takes a free one, `flood` overrides the settings'."""
        chosen = settings or Settings()
        api = cls(token, chosen if flood is None else replace(chosen, flood=flood))
        app = web.Application()
        app.add_routes([*(routes(api) if routes else []), *api._wire.routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        # A TaskGroup here would wrap what a test raises; this task ends with the block.
        deliveries = asyncio.create_task(api._webhook.run())
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            api.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield api
        finally:
            deliveries.cancel()
            api._end_waiting_calls()
            await asyncio.wait([deliveries])
            await runner.cleanup()
        if not deliveries.cancelled():
            deliveries.result()

    @property
    def bot(self) -> User:
        return self.world.bot

    def add_person(self, first_name: str, *, username: str | None = None, language: str = "en") -> Person:
        return Person(self.world, self.world.add_user(first_name, username, language))

    def person(self, user: User | int) -> Person:
        user_id = user if isinstance(user, int) else user.id
        return Person(self.world, self.world.users[UserId(user_id)])

    def add_group(
        self, title: str, creator: Person, *members: Person, bot: MemberStatus | None = None
    ) -> ChatView:
        """Make a small group. The bot is a member, or has the given status."""
        return self._populate(self.groups.add(title, creator.user, ChatKind.GROUP), members, bot)

    def add_supergroup(
        self,
        title: str,
        creator: Person,
        *members: Person,
        forum: bool = False,
        bot: MemberStatus | None = None,
    ) -> ChatView:
        """Make a supergroup, with topics if it is a forum."""
        view = self.groups.add(title, creator.user, ChatKind.SUPERGROUP, forum=forum)
        return self._populate(view, members, bot)

    def chat(self, chat: ChatLike) -> ChatView:
        """Return a chat by id; a person's id is their private chat."""
        chat_id = chat if isinstance(chat, int) else chat.id
        self.world.chat(chat_id)
        return ChatView(self.world, ChatId(chat_id))

    @property
    def calls(self) -> Sequence[ApiCall]:
        """Every call with the right token, in order of arrival."""
        return tuple(self._wire.calls)

    def calls_of(self, method: str) -> list[ApiCall]:
        return [call for call in self._wire.calls if call.method.lower() == method.lower()]

    @property
    def flood_violations(self) -> Sequence[ApiCall]:
        """Calls into a chat before the `retry_after` that the bot was told had passed."""
        return tuple(self._gate.violations)

    @property
    def pending_updates(self) -> Sequence[QueuedUpdate]:
        """Updates that the bot has not confirmed."""
        return self.world.updates.pending

    @property
    def polled(self) -> bool:
        """Whether a long poll of the bot is waiting."""
        return self.world.updates.polled

    def wait_for(self, predicate: Callable[[], Found | None], timeout: float = 5.0) -> Awaitable[Found]:
        """Wait until the predicate is true and return its value.

        It is asked again after every change of the world and every call. Raises `TimeoutError`
        after `timeout` seconds.
        """
        return self.world.changes.wait_for(predicate, timeout)

    def wait_call(
        self, method: str, *, count: int = 1, answered: bool = True, timeout: float = 5.0
    ) -> Awaitable[ApiCall]:
        """Wait for the `count`-th call of a method, by default until it was answered."""

        def found() -> ApiCall | None:
            calls = self.calls_of(method)
            if len(calls) < count or (answered and calls[count - 1].status is None):
                return None
            return calls[count - 1]

        return self.wait_for(found, timeout)

    def fail(
        self,
        method: str,
        fault: Fault,
        *,
        chat: ChatLike | None = None,
        times: int | None = 1,
        when: Callable[[ApiCall], bool] | None = None,
    ) -> Injection:
        """Order a fault for calls of a method ("*" for any); `times` None is always."""
        chat_id = chat if chat is None or isinstance(chat, int) else chat.id
        return self._faults.order(Injection(method, fault, chat_id, times, when))

    def heal(self) -> None:
        """Take back every ordered fault; calls that hang are cut."""
        self._faults.clear()
        self.world.changes.notify()

    def set_flood(self, flood: Flood) -> None:
        self._gate.limits = flood

    def redeliver(self, update_id: int | None = None) -> int:
        """Deliver an update again (by default the last one), even if it was confirmed."""
        chosen = update_id or self.world.updates.published[-1].id
        self.world.updates.redeliver(chosen)
        return chosen

    def garbage_update(self, fields: JsonObject | None = None) -> int:
        """Queue an update that typed decoding cannot parse; return its id."""
        return self.world.updates.publish_raw(GARBAGE if fields is None else fields, key=0)

    def _populate(self, view: ChatView, members: Sequence[Person], bot: MemberStatus | None) -> ChatView:
        for person in members:
            view.state.members[person.user.id] = MemberStatus.MEMBER
        self.groups.set_status(view, self.world.bot, bot or MemberStatus.MEMBER)
        return view

    def _end_waiting_calls(self) -> None:
        self._wire.closing = True
        self.world.updates.end_poll()
        self.world.changes.notify()

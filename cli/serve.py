"""The command ``parley serve``: runs the bots that have a token until it is told to end."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Protocol, cast
from urllib.parse import urlsplit

import structlog
import typer

from bots.admission import Admission
from bots.commands import Commands
from bots.duty import Duty
from bots.extras import extras
from bots.models import chat_model, engine_settings
from bots.patience import waits
from bots.routes import Routes
from bots.settings import Settings, load_here
from cli import output
from cli.chat_commands import chat_commands
from cli.health import HEALTH_PATHS, Health
from cli.logs import configure
from cli.options import Backend, Choice, Path
from cli.plain_values import PlainCommand
from cli.wiring import opened, retention
from sessions.engine import Engine
from sessions.errors import ParleyError, SettingError, StoreUnavailable
from sessions.expiry import Expiry, Retention
from sessions.interrupt import Interrupt
from sessions.model import Platform, RoleName
from sessions.outage import Outage, watched
from sessions.ports.replies import Replies
from sessions.ports.store import Store
from sessions.threads import ThreadEvents

if TYPE_CHECKING:
    from cli.http import Hook, HttpSide

app = typer.Typer(
    name="serve", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
)
log = structlog.get_logger(__name__)


class Bot(AbstractAsyncContextManager["Bot"], Protocol):
    """What an adapter is to the process: open while answers have to be sent, receiving while served."""

    @property
    def replies(self) -> Replies:
        """Where answers of its platform are shown."""
        ...

    @property
    def logged_in(self) -> bool:
        """Whether the platform let it in."""
        ...

    @property
    def hook(self) -> "Hook | None":
        """What takes the events that its platform brings over HTTP, if it does."""
        ...

    async def serve(
        self, engine: Engine, commands: Commands, threads: ThreadEvents, errands: Store
    ) -> NoReturn:
        """Receive until cancelled. Raises SettingError when the token is refused."""
        ...


@app.command("serve", cls=PlainCommand)
def serve(storage_backend: Backend = None, storage_path: Path = None) -> None:
    """Run the Telegram and Discord bots whose tokens are set; SIGTERM or Ctrl-C ends them in order."""
    serve_bots(Choice(storage_backend, storage_path))


def serve_bots(choice: Choice) -> None:
    """Run the bots. Raises SettingError when nothing is set that could run, Exit(1) when it fails."""
    settings = load_here()
    _check(settings)
    admission = Admission.parse(settings.allowed)
    configure(settings, "info")
    if not admission.entries:
        output.warn(
            "Warning: PARLEY_ALLOWED is empty: nobody is admitted. Write to the bot, it tells your id. "
            "Then set for example PARLEY_ALLOWED=telegram:42,discord:user:7"
        )
    code = 0
    try:
        asyncio.run(_serve(settings, choice, admission))
    except* ParleyError as errors:
        for told in dict.fromkeys(_texts(errors)):
            output.complain(told)
        code = 1
    except* asyncio.CancelledError:
        code = 130
    raise typer.Exit(code)


def _check(settings: Settings) -> None:
    if not (settings.telegram_token or settings.discord_token):
        raise SettingError(
            "There is no bot to serve. Set PARLEY_TELEGRAM_TOKEN=… (from @BotFather) or "
            "PARLEY_DISCORD_TOKEN=… (from https://discord.com/developers) in the environment or .env. "
            "To talk here in the terminal: parley chat"
        )
    url = settings.telegram_webhook_url
    if settings.telegram_webhook_secret and not url:
        raise SettingError(
            "PARLEY_TELEGRAM_WEBHOOK_SECRET is set without a webhook. Set the address that Telegram "
            "shall bring updates to: PARLEY_TELEGRAM_WEBHOOK_URL=https://bot.example.org/telegram"
        )
    if url and not settings.telegram_token:
        raise SettingError("PARLEY_TELEGRAM_WEBHOOK_URL is set, but no PARLEY_TELEGRAM_TOKEN.")
    if url and not settings.http:
        raise SettingError(
            "PARLEY_TELEGRAM_WEBHOOK_URL is set, but nothing listens for it. "
            "Set also where this process listens: PARLEY_HTTP=0.0.0.0:8080"
        )
    retention(settings)
    if urlsplit(url).path in HEALTH_PATHS:
        raise SettingError(
            f"PARLEY_TELEGRAM_WEBHOOK_URL has a path of its own use: {' and '.join(HEALTH_PATHS)} are "
            "for health. Set it like this: PARLEY_TELEGRAM_WEBHOOK_URL=https://bot.example.org/telegram"
        )


def _texts(errors: BaseExceptionGroup[ParleyError]) -> Iterator[str]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _texts(error)
        else:
            yield str(error)


async def _serve(settings: Settings, choice: Choice, admission: Admission) -> None:
    with _ending() as ending:
        async with AsyncExitStack() as stack:
            bots = _bots(settings, admission)
            health = await stack.enter_async_context(Health(tuple(bots), Outage()))
            hang = await _listen(stack, settings, health)
            model = await stack.enter_async_context(chat_model(settings))
            store = await _open(stack, settings, choice, health, ending)
            if store is not None:
                routes, drain = Routes({}), int(settings.drain_seconds)
                rules = engine_settings(settings, drain)
                more = extras(settings, store, model)
                async with Engine(store, model, routes, settings=rules, extras=more) as engine:
                    health.holder = engine.holder
                    house = _House(settings, stack, routes, engine, store, health, hang)
                    async with asyncio.TaskGroup() as group:
                        running = [
                            group.create_task(house.run(platform, make))
                            for platform, make in bots.items()
                        ]
                        running.append(group.create_task(model.warm_up()))
                        if (rule := retention(settings)) is not None:
                            running.append(group.create_task(_expire(store, engine, rule)))
                        await ending.wait()
                        health.ending = True
                        for task in running:
                            task.cancel()
                    log.info("serve.ending", running_answers_get_seconds=drain)
    log.info("serve.ended")


async def _expire(store: Store, engine: Engine, rule: Retention) -> NoReturn:
    """See to idle sessions for ever, while no other process does."""
    duty = Duty(store, RoleName("expiry"), engine.holder, engine.lease)
    await duty.perform(Expiry(store, rule).run)
    raise AssertionError("an expiry never ends")


async def _listen(
    stack: AsyncExitStack, settings: Settings, health: Health
) -> "Callable[[Hook], None] | None":
    """Listen for HTTP if that is set. Returns how to hang a hook at the webhook's address."""
    if not settings.http:
        return None
    module = await asyncio.to_thread(import_module, "cli.http")
    side: HttpSide = module.HttpSide(health, settings.telegram_webhook_url)
    await stack.enter_async_context(side.listening(settings.http))
    return side.hang


async def _open(
    stack: AsyncExitStack, settings: Settings, choice: Choice, health: Health, ending: asyncio.Event
) -> Store | None:
    """Open the store, for as long as it takes; None when told to end before it is there."""
    found, patience = None, Interrupt()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_trip(patience, ending))
        async with patience.guard():
            found = watched(await _reached(stack, settings, choice, health.outage), health.outage)
            health.opened(found)
        watching.cancel()
    return found


async def _reached(stack: AsyncExitStack, settings: Settings, choice: Choice, outage: Outage) -> Store:
    for pause in waits():
        try:
            async with AsyncExitStack() as attempt:
                store = await attempt.enter_async_context(opened(settings, choice))
                await store.check()
                await stack.enter_async_context(attempt.pop_all())
                return store
        except StoreUnavailable as error:
            outage.away(error)
        await asyncio.sleep(pause)
    raise AssertionError("waits() is endless")


async def _trip(interrupt: Interrupt, event: asyncio.Event) -> None:
    await event.wait()
    interrupt.trip()


@dataclass(frozen=True)
class _House:
    """What the bots share. ``open_bots`` keeps them open until the engine has drained."""

    settings: Settings
    open_bots: AsyncExitStack
    routes: Routes
    engine: Engine
    store: Store
    health: Health
    hang: "Callable[[Hook], None] | None"

    async def run(self, platform: Platform, make: Callable[[], Bot]) -> None:
        """Open a bot and receive; one that cannot reach its platform yet keeps no other waiting."""
        bot = await self.open_bots.enter_async_context(await asyncio.to_thread(make))
        self.routes.add(platform, bot.replies)
        self.health.bots[platform] = bot
        if self.hang is not None and bot.hook is not None:
            self.hang(bot.hook)
        await self.engine.sweep()
        log.info("serve.started", platform=str(platform))
        commands, threads = chat_commands(self.settings, self.store), ThreadEvents(self.store)
        await bot.serve(self.engine, commands, threads, self.store)


def _bots(settings: Settings, admission: Admission) -> dict[Platform, Callable[[], Bot]]:
    """Return how to make each bot that has a token, its import of a second or more included."""
    bots: dict[Platform, Callable[[], Bot]] = {}
    if settings.telegram_token:
        bots[Platform.TELEGRAM] = lambda: _telegram(settings, admission)
    if settings.discord_token:
        bots[Platform.DISCORD] = lambda: _discord(settings, admission)
    return bots


def _telegram(settings: Settings, admission: Admission) -> Bot:
    from bots.telegram import TelegramBot
    from bots.telegram.webhook import Webhook, derived_secret
    from bots.telegram.wire import OFFICIAL

    token, url = settings.telegram_token, settings.telegram_webhook_url
    secret = settings.telegram_webhook_secret or derived_secret(token)
    hook = Webhook(url, secret) if url else None
    base = settings.telegram_api_base or OFFICIAL
    return cast("Bot", TelegramBot(token, admission, api_base=base, hook=hook))


def _discord(settings: Settings, admission: Admission) -> Bot:
    from bots.discord import DiscordBot

    bot = DiscordBot(settings.discord_token, admission, api_base=settings.discord_api_base)
    return cast("Bot", bot)


@contextmanager
def _ending() -> Iterator[asyncio.Event]:
    """Make SIGTERM and SIGINT a wish to end; a second one ends at once."""
    loop, event, task = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()

    def told() -> None:
        if event.is_set() and task is not None:
            task.cancel()
        event.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    try:
        yield event
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

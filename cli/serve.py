"""The command ``parley serve``: runs the bots that have a token until it is told to end."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn, Protocol, cast

import structlog
import typer

from bots.admission import Admission
from bots.routes import Routes
from cli import output
from cli.logs import configure
from cli.options import Backend, Choice, Path
from cli.plain_values import PlainCommand
from cli.settings import Settings, load_here
from cli.wiring import chat_model, engine_settings, opened
from sessions.commands import SessionCommands
from sessions.engine import Engine
from sessions.errors import ParleyError, SettingError
from sessions.model import Platform
from sessions.ports.replies import Replies
from sessions.ports.store import Store
from sessions.threads import ThreadEvents

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

    async def serve(
        self, engine: Engine, commands: SessionCommands, threads: ThreadEvents, errands: Store
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
    for name in ("telegram_webhook_url", "telegram_webhook_secret", "http"):
        if getattr(settings, name):
            raise SettingError(
                f"PARLEY_{name.upper()} is set, but this version only polls. Leave it out."
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
            store = await stack.enter_async_context(opened(settings, choice))
            model = await stack.enter_async_context(chat_model(settings))
            routes, drain = Routes({}), int(settings.drain_seconds)
            rules = engine_settings(settings, drain)
            async with Engine(store, model, routes, settings=rules) as engine:
                house = _House(stack, routes, engine, store)
                async with asyncio.TaskGroup() as group:
                    running = [
                        group.create_task(house.run(platform, make))
                        for platform, make in _bots(settings, admission).items()
                    ]
                    running.append(group.create_task(model.warm_up()))
                    await ending.wait()
                    for task in running:
                        task.cancel()
                log.info("serve.ending", running_answers_get_seconds=drain)
    log.info("serve.ended")


@dataclass(frozen=True)
class _House:
    """What the bots share. ``open_bots`` keeps them open until the engine has drained."""

    open_bots: AsyncExitStack
    routes: Routes
    engine: Engine
    store: Store

    async def run(self, platform: Platform, make: Callable[[], Bot]) -> None:
        """Open a bot and receive; one that cannot reach its platform yet keeps no other waiting."""
        bot = await self.open_bots.enter_async_context(await asyncio.to_thread(make))
        self.routes.add(platform, bot.replies)
        await self.engine.sweep()
        log.info("serve.started", platform=str(platform))
        commands, threads = SessionCommands(self.store), ThreadEvents(self.store)
        await bot.serve(self.engine, commands, threads, self.store)


def _bots(settings: Settings, admission: Admission) -> dict[Platform, Callable[[], Bot]]:
    """Return how to make each bot that has a token, its import of a second or more included."""

    def maker(module: str, name: str, token: str, base: str) -> Callable[[], Bot]:
        where = {"api_base": base} if base else {}
        return lambda: cast("Bot", getattr(import_module(module), name)(token, admission, **where))

    telegram = maker("bots.telegram", "TelegramBot", settings.telegram_token, settings.telegram_api_base)
    discord = maker("bots.discord", "DiscordBot", settings.discord_token, settings.discord_api_base)
    bots = {Platform.TELEGRAM: telegram} if settings.telegram_token else {}
    return bots | ({Platform.DISCORD: discord} if settings.discord_token else {})


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

"""The command ``parley serve``: runs the bots that have a token until it is told to end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from importlib import import_module
from typing import NoReturn, Protocol

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
            _, bots = await asyncio.gather(model.warm_up(), _open_bots(settings, admission, stack))
            routes = Routes({platform: bot.replies for platform, bot in bots.items()})
            drain = int(settings.drain_seconds)
            rules = engine_settings(settings, drain)
            engine = await stack.enter_async_context(Engine(store, model, routes, settings=rules))
            log.info("serve.started", platforms=",".join(sorted(bots)))
            await _receive(list(bots.values()), engine, store, ending)
            log.info("serve.ending", running_answers_get_seconds=drain)
    log.info("serve.ended")


async def _receive(bots: list[Bot], engine: Engine, store: Store, ending: asyncio.Event) -> None:
    commands, threads = SessionCommands(store), ThreadEvents(store)
    async with asyncio.TaskGroup() as group:
        serving = [group.create_task(bot.serve(engine, commands, threads, store)) for bot in bots]
        await ending.wait()
        for task in serving:
            task.cancel()


async def _open_bots(
    settings: Settings, admission: Admission, stack: AsyncExitStack
) -> dict[Platform, Bot]:
    """Import the adapters, each of which takes a second or more, beside each other, and open them."""
    wanted = {
        Platform.TELEGRAM: (
            "bots.telegram",
            "TelegramBot",
            settings.telegram_token,
            settings.telegram_api_base,
        ),
        Platform.DISCORD: (
            "bots.discord",
            "DiscordBot",
            settings.discord_token,
            settings.discord_api_base,
        ),
    }
    chosen = {platform: parts for platform, parts in wanted.items() if parts[2]}
    modules = await asyncio.gather(
        *(asyncio.to_thread(import_module, parts[0]) for parts in chosen.values())
    )
    bots: dict[Platform, Bot] = {}
    for (platform, (_, name, token, base)), module in zip(chosen.items(), modules, strict=True):
        where = {"api_base": base} if base else {}
        bots[platform] = await stack.enter_async_context(getattr(module, name)(token, admission, **where))
    return bots


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

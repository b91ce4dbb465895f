"""Runs the emulator as a process: prints one line of JSON when it serves, ends on SIGTERM."""

import argparse
import asyncio
import json
import signal

from tests.emulators.discord.control import Control
from tests.emulators.discord.emulator import Discord
from tests.emulators.discord.settings import RateLimits, Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.discord")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="TEST")
    parser.add_argument("--no-rate-limits", action="store_true")
    options = parser.parse_args()
    settings = Settings()
    if options.no_rate_limits:
        settings = Settings(rate_limits=RateLimits.off())
    asyncio.run(_serve(options.host, options.port, options.token, settings))


async def _serve(host: str, port: int, token: str, settings: Settings) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    starting = Discord.start(token=token, host=host, port=port, settings=settings, extend=Control)
    async with starting as discord:
        ready = {"api_base": discord.api_base, "gateway_url": discord.gateway_url}
        print(json.dumps(ready), flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()

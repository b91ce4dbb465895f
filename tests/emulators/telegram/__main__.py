"""The emulator as a process: prints its base URL when it listens, ends cleanly on SIGTERM."""

import argparse
import asyncio
import signal

from tests.emulators.telegram.api import BotApi
from tests.emulators.telegram.control import control_routes
from tests.emulators.telegram.flood import Flood

FLOODS = {"default": Flood, "off": Flood.off, "strict": Flood.strict}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.emulators.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="42:TEST")
    parser.add_argument("--flood", choices=FLOODS, default="default")
    options = parser.parse_args()
    asyncio.run(_serve(options.port, options.token, FLOODS[options.flood]()))


async def _serve(port: int, token: str, flood: Flood) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with BotApi.start(token, port, flood=flood, routes=control_routes) as api:
        print(api.base_url, flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()

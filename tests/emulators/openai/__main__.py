"""Runs the server as a process until SIGTERM or SIGINT.

The first line on standard output is the base URL.
"""

import argparse
import asyncio
import signal

from tests.emulators.openai.control import control_routes
from tests.emulators.openai.server import ModelServer


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.openai")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--api-key", default="sk-test")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.api_key, arguments.port))


async def _serve(api_key: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with ModelServer.start(api_key, port, routes=control_routes) as models:
        print(models.base_url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()

"""Proxies that take orders, one JSON object a connection, on the port that the command line names."""

import asyncio
import json
import sys

from tests.redis_servers.proxy import Proxies, Proxy, proxies

Argument = int | float | str


async def _serve(control: int) -> None:
    async with proxies() as opened:

        async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                if line := await reader.readline():
                    writer.write(json.dumps(await _obeyed(opened, json.loads(line))).encode() + b"\n")
                    await writer.drain()
            finally:
                writer.close()

        server = await asyncio.start_server(obey, "127.0.0.1", control)
        await server.serve_forever()


async def _obeyed(opened: Proxies, order: dict[str, Argument]) -> object:
    target = int(order["target"])
    if order["order"] == "open":
        return await opened.open(target)
    proxy = opened.by_target[target]
    match order["order"]:
        case "lose_replies":
            proxy.lose_replies(float(order["rate"]), seed=int(order["seed"]))
        case "cut_all":
            proxy.cut_all()
        case "refuse":
            proxy.refuse()
        case "accept":
            await proxy.accept()
        case "stall":
            proxy.stall()
        case "go_on":
            proxy.go_on()
        case "reset":
            proxy.reset()
        case "counts":
            return _counts(proxy)
        case unknown:
            raise ValueError(f"no such order: {unknown}")
    return True


def _counts(proxy: Proxy) -> dict[str, int | dict[str, int]]:
    return {
        "trips": proxy.trips,
        "cuts": proxy.cuts,
        "connections": proxy.connections,
        "bytes_up": proxy.bytes_up,
        "bytes_down": proxy.bytes_down,
        "commands": dict(proxy.commands),
    }


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))

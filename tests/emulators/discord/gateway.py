"""The gateway: connections that identify, beat and resume, and the sessions behind them."""

import asyncio
import json
import zlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from aiohttp import WSMessage, WSMsgType, web

from tests.emulators.discord.changes import Changes, Clock, JsonObject
from tests.emulators.discord.sessions import GatewayRefused, Op, Session, Sessions

_LARGEST_PAYLOAD = 4096
_SPOKEN = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})
# https://discord.com/developers/docs/events/gateway#initiating-a-disconnect
_FAREWELLS = frozenset({1000, 1001})
_FINAL_CODES = frozenset({4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014})


@dataclass(frozen=True, slots=True)
class _Close:
    code: int


class Connection:
    """One WebSocket, from HELLO to close."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.session: Session | None = None
        self.over = False
        """The end of this connection is the end of its session as well."""
        self._socket = socket
        self._request = request
        self._outgoing: asyncio.Queue[str | _Close] = asyncio.Queue()
        self._beat = asyncio.Event()
        self._stalled = False
        self._deflate = None
        if request.query.get("compress") == "zlib-stream":
            self._deflate = zlib.compressobj()

    def send(self, payload: JsonObject) -> None:
        self.send_text(json.dumps(payload))

    def send_text(self, text: str) -> None:
        self._outgoing.put_nowait(text)

    def close(self, code: int) -> None:
        """Close after everything that is already on its way."""
        self._outgoing.put_nowait(_Close(code))

    def drop(self) -> None:
        """Cut the line with no close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def stall(self) -> None:
        """Stay connected but neither send nor acknowledge anything from here on."""
        self._stalled = True

    def beaten(self) -> None:
        self._beat.set()
        self.send({"op": Op.HEARTBEAT_ACK, "d": None})

    async def write(self) -> None:
        """Send what is queued until a close is queued or the line is gone."""
        while True:
            item = await self._outgoing.get()
            if self._stalled:
                continue
            if isinstance(item, _Close):
                self.over |= item.code in _FINAL_CODES
                await self._socket.close(code=item.code)
                return
            with suppress(ConnectionError):
                await self._send_now(item)

    async def watch_heart(self, interval: float) -> None:
        """Close a connection whose client has not beaten for one and a half intervals."""
        while True:
            self._beat.clear()
            try:
                async with asyncio.timeout(interval * 1.5):
                    await self._beat.wait()
            except TimeoutError:
                self.close(4009)
                return

    async def _send_now(self, text: str) -> None:
        if self._deflate is None:
            await self._socket.send_str(text)
            return
        data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self._socket.send_bytes(data)


class Gateway:
    """Accepts connections, lets them into sessions, and does harm to them when told to."""

    def __init__(self, sessions: Sessions, clock: Clock, changes: Changes) -> None:
        self.connections: list[Connection] = []
        self._sessions = sessions
        self._clock = clock
        self._changes = changes

    @property
    def sessions(self) -> list[Session]:
        return list(self._sessions.by_id.values())

    @property
    def connected(self) -> list[Session]:
        """Sessions that have a live connection."""
        return [s for s in self.sessions if s.connection is not None]

    def close(self, code: int = 4000) -> None:
        """Close every connection with a code; sessions stay open to RESUME unless it forbids."""
        for connection in list(self.connections):
            connection.close(code)

    def drop(self) -> None:
        """Cut every connection with no close frame."""
        for connection in list(self.connections):
            connection.drop()

    def stall(self) -> None:
        """Let every connection stay open and fall silent."""
        for connection in list(self.connections):
            connection.stall()

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume."""
        self._send_all({"op": Op.RECONNECT, "d": None})

    def invalidate(self, resumable: bool = False) -> None:
        """Tell every client that its session is invalid."""
        if not resumable:
            self._sessions.by_id.clear()
        self._send_all({"op": Op.INVALID_SESSION, "d": resumable})

    def refuse_resumes(self, times: int = 1) -> None:
        """Answer the next RESUMEs with INVALID_SESSION false, so that events are missed."""
        self._sessions.refusing_resumes = times

    def redeliver(self, name: str) -> None:
        """Send the last event of a name once more, under a new sequence number."""
        for session in self.sessions:
            data = session.last_data(name)
            if data is not None:
                session.emit(name, data)

    def deliver_twice(self, name: str, times: int = 1) -> None:
        """Send each of the next events of a name twice."""
        self._sessions.doubling[name] = times

    def garbage(self, name: str = "MESSAGE_CREATE", data: JsonObject | None = None) -> None:
        """Dispatch an event whose data lacks everything that a client needs."""
        for session in self.sessions:
            session.emit(name, data or {})

    def send_raw(self, text: str) -> None:
        """Send text that need not be JSON."""
        for connection in self.connections:
            connection.send_text(text)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket connection until it ends."""
        socket = web.WebSocketResponse(compress=False, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        settings = self._sessions.world.settings
        interval = settings.heartbeat_interval.total_seconds()
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(connection.write()),
                    tasks.create_task(connection.watch_heart(interval)),
                ]
                self._greet(connection, request, interval)
                await self._read(connection, socket)
                for task in beside:
                    task.cancel()
        finally:
            self.connections.remove(connection)
            self._sessions.left(connection, connection.over)
            self._changes.happened()
        return socket

    def _greet(self, connection: Connection, request: web.Request, interval: float) -> None:
        if request.query.get("v") not in {"9", "10"}:
            connection.close(4012)
        elif request.query.get("encoding", "json") != "json":
            connection.close(4002)
        else:
            data = {"heartbeat_interval": int(interval * 1000), "_trace": ["emulator"]}
            connection.send({"op": Op.HELLO, "s": None, "t": None, "d": data})

    async def _read(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        sent_at: deque[datetime] = deque()
        while (frame := await socket.receive()).type in _SPOKEN:
            try:
                self._count(sent_at)
                self._sessions.receive(connection, _parse(frame))
            except GatewayRefused as refusal:
                connection.close(refusal.code)
            self._changes.happened()
        if frame.type is WSMsgType.CLOSE and frame.data in _FAREWELLS:
            connection.over = True

    def _count(self, sent_at: deque[datetime]) -> None:
        rate = self._sessions.world.settings.gateway_sends
        now = self._clock.now()
        while sent_at and now - sent_at[0] > rate.per:
            sent_at.popleft()
        sent_at.append(now)
        if len(sent_at) > rate.requests:
            raise GatewayRefused(4008)

    def _send_all(self, payload: JsonObject) -> None:
        for connection in self.connections:
            connection.send(payload)


def _parse(frame: WSMessage) -> JsonObject:
    if frame.type is not WSMsgType.TEXT or len(frame.data) > _LARGEST_PAYLOAD:
        raise GatewayRefused(4002)
    try:
        payload = json.loads(frame.data)
    except json.JSONDecodeError as error:
        raise GatewayRefused(4002) from error
    if not isinstance(payload, dict):
        raise GatewayRefused(4002)
    return payload

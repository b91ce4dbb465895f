"""Gateway sessions: IDENTIFY, RESUME with replay, and which session hears which event."""

import json
import secrets
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.nouns import Channel, Guild, User
from tests.emulators.discord.permissions import can_see
from tests.emulators.discord.settings import KNOWN_INTENT_BITS, PRIVILEGED, Intent
from tests.emulators.discord.world import Event, World


class Op(IntEnum):
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class GatewayRefused(Exception):
    """The connection has to close with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"gateway close {code}")
        self.code = code


class Line(Protocol):
    """What a session needs of a connection."""

    session: "Session | None"

    def send(self, payload: JsonObject) -> None: ...
    def send_text(self, text: str) -> None: ...
    def beaten(self) -> None: ...


class Session:
    """A bot's session: numbered events, kept for replay while nobody is connected."""

    def __init__(self, intents: Intent) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.sequence = 0
        self.connection: Line | None = None
        self.left_at: datetime | None = None
        self._sent: list[tuple[int, str, str]] = []

    def emit(self, name: str, data: JsonObject) -> None:
        self.sequence += 1
        payload = {"op": Op.DISPATCH, "s": self.sequence, "t": name, "d": data}
        text = json.dumps(payload)
        self._sent.append((self.sequence, name, text))
        if self.connection is not None:
            self.connection.send_text(text)

    def replay(self, after: int) -> None:
        """Send again everything after a sequence number."""
        assert self.connection is not None
        for sequence, _, text in self._sent:
            if sequence > after:
                self.connection.send_text(text)

    def count(self, name: str) -> int:
        """Say how many events of a name the session had, replays not counted."""
        return sum(1 for _, sent, _ in self._sent if sent == name)

    def last_data(self, name: str) -> JsonObject | None:
        """Give the data of the last event of a name, None if there was none."""
        for _, sent, text in reversed(self._sent):
            if sent == name:
                data: JsonObject = json.loads(text)["d"]
                return data
        return None


class Sessions:
    """All sessions of the one bot, and what a client's payloads do to them."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.by_id: dict[str, Session] = {}
        self.refusing_resumes = 0
        self.doubling: dict[str, int] = {}
        self.starts_left = world.settings.session_starts
        self.resume_url = ""
        self._token = token
        world.listeners.append(self.hear)

    def hear(self, event: Event) -> None:
        """Give an event to every session that asked for its kind."""
        copies = 1
        if self.doubling.get(event.name, 0) > 0:
            self.doubling[event.name] -= 1
            copies = 2
        for session in self.by_id.values():
            if event.intents and not event.intents & session.intents:
                continue
            data = event.data
            if event.without_content is not None and not self._reads_content(session):
                data = event.without_content
            for _ in range(copies):
                session.emit(event.name, data)

    def receive(self, line: Line, payload: JsonObject) -> None:
        """Act on one payload of a client; GatewayRefused with the close code it earns."""
        op, data = payload.get("op"), payload.get("d")
        if op == Op.HEARTBEAT:
            line.beaten()
        elif op == Op.IDENTIFY:
            self._identify(line, _object(data))
        elif op == Op.RESUME:
            self._resume(line, _object(data))
        elif op not in {Op.PRESENCE_UPDATE, Op.VOICE_STATE_UPDATE, Op.REQUEST_GUILD_MEMBERS}:
            raise GatewayRefused(4001)
        elif line.session is None:
            raise GatewayRefused(4003)
        elif op == Op.REQUEST_GUILD_MEMBERS:
            self._send_members(line.session, _object(data))

    def left(self, line: Line, for_good: bool) -> None:
        """Part a session from its connection, to be resumed or, for good, to be forgotten."""
        session = line.session
        if session is None or session.connection is not line:
            return
        session.connection = None
        session.left_at = self.world.clock.now()
        if for_good:
            self.by_id.pop(session.id, None)

    def _identify(self, line: Line, data: JsonObject) -> None:
        if line.session is not None:
            raise GatewayRefused(4005)
        if data.get("token") != self._token:
            raise GatewayRefused(4004)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENT_BITS:
            raise GatewayRefused(4013)
        if Intent(intents) & PRIVILEGED & ~self.world.settings.privileged_intents:
            raise GatewayRefused(4014)
        if not isinstance(data.get("properties"), dict):
            raise GatewayRefused(4002)
        shard = data.get("shard", [0, 1])
        if shard != [0, 1]:
            raise GatewayRefused(4010)
        if self.starts_left <= 0:
            line.send({"op": Op.INVALID_SESSION, "d": False})
            return
        self.starts_left -= 1
        session = Session(Intent(intents))
        self.by_id[session.id] = session
        self._attach(line, session)
        self._introduce(session)

    def _resume(self, line: Line, data: JsonObject) -> None:
        if line.session is not None:
            raise GatewayRefused(4005)
        if data.get("token") != self._token:
            raise GatewayRefused(4004)
        session = self.by_id.get(str(data.get("session_id")))
        if session is None or self._refuses(session):
            self.by_id.pop(str(data.get("session_id")), None)
            line.send({"op": Op.INVALID_SESSION, "d": False})
            return
        sequence = data.get("seq")
        if not isinstance(sequence, int) or sequence > session.sequence:
            raise GatewayRefused(4007)
        self._attach(line, session)
        session.replay(sequence)
        session.emit("RESUMED", {"_trace": ["emulator"]})

    def _refuses(self, session: Session) -> bool:
        if self.refusing_resumes > 0:
            self.refusing_resumes -= 1
            return True
        window = self.world.settings.resume_window
        return session.left_at is not None and self.world.clock.now() - session.left_at > window

    def _attach(self, line: Line, session: Session) -> None:
        session.connection = line
        session.left_at = None
        line.session = session

    def _introduce(self, session: Session) -> None:
        mine = [g for g in self.world.guilds.values() if self.world.bot.id in g.members]
        ready = {
            "v": 10,
            "user": payloads.own_user(self.world.bot),
            "guilds": [{"id": str(g.id), "unavailable": True} for g in mine],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.resume_url,
            "application": {"id": str(self.world.application_id), "flags": 0},
            "private_channels": [],
            "shard": [0, 1],
        }
        session.emit("READY", ready)
        if Intent.GUILDS in session.intents:
            for guild in mine:
                session.emit("GUILD_CREATE", guild_create(self.world, guild))

    def _reads_content(self, session: Session) -> bool:
        return Intent.MESSAGE_CONTENT in session.intents

    def _send_members(self, session: Session, data: JsonObject) -> None:
        guild = self.world.guilds.get(int(data.get("guild_id", 0)))
        if guild is None:
            return
        wanted = {int(i) for i in data.get("user_ids") or []}
        query = str(data.get("query") or "")
        if (
            not query
            and not wanted
            and not data.get("limit")
            and Intent.GUILD_MEMBERS not in session.intents
        ):
            raise GatewayRefused(4014)
        found = [
            m
            for m in guild.members.values()
            if (wanted and m.user.id in wanted) or (not wanted and m.user.name.startswith(query))
        ]
        chunk: JsonObject = {
            "guild_id": str(guild.id),
            "members": [payloads.member(m) for m in found[: data.get("limit") or None]],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [str(i) for i in wanted if i not in guild.members],
        }
        if "nonce" in data:
            chunk["nonce"] = data["nonce"]
        session.emit("GUILD_MEMBERS_CHUNK", chunk)


def guild_create(world: World, guild: Guild) -> JsonObject:
    """Describe a guild as GUILD_CREATE does: channels, visible active threads, the bot itself."""
    return payloads.guild(guild) | {
        "joined_at": guild.joined_at.isoformat(),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [payloads.member(guild.members[world.bot.id])],
        "channels": [payloads.channel(c) for c in guild.channels.values() if c.thread is None],
        "threads": [payloads.channel(t, world.bot) for t in active_threads(world, guild)],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def active_threads(world: World, guild: Guild, viewer: User | None = None) -> list[Channel]:
    """List threads that are not archived and that the bot (or another viewer) can see."""
    who = viewer or world.bot
    return [
        thread
        for thread in world.threads(guild)
        if thread.thread is not None and not thread.thread.archived and can_see(thread, who)
    ]


def _object(data: object) -> JsonObject:
    if not isinstance(data, dict):
        raise GatewayRefused(4002)
    return data

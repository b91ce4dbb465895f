"""Prints a chat as the people in it see it."""

from tests.emulators.discord import Discord
from tests.emulators.telegram import BotApi, ChatKind

WIDTH = 100


def print_telegram(api: BotApi) -> None:
    """Print every group, topic by topic."""
    for chat in api.world.chats.values():
        if chat.kind is ChatKind.PRIVATE:
            continue
        view = api.chat(chat.id)
        for topic in view.topics:
            if not view.thread(topic.id).visible():
                continue
            _head(f"Telegram · {view.title} · {topic.name}")
            for message in view.thread(topic.id).visible():
                _line(message.sender.first_name, message.text, len(message.history))
                if message.buttons:
                    print("      " + " ".join(f"[{label}]" for label, _ in message.buttons))


def print_discord(discord: Discord) -> None:
    """Print every channel and thread where somebody spoke."""
    for channel in list(discord.world.channels.values()):
        view = discord.channel(channel)
        if not view.visible():
            continue
        _head(f"Discord · {channel.name}")
        for message in view.visible():
            _line(message.author, message.content, len(message.history))


def _head(title: str) -> None:
    print(f"\n── {title} " + "─" * max(0, WIDTH - len(title) - 4))


def _line(who: str, text: str, revisions: int) -> None:
    lines = text.splitlines() or [""]
    shown = lines[0] if len(lines[0]) <= WIDTH else lines[0][: WIDTH - 1] + "…"
    edited = f"   (edited {revisions - 1} x)" if revisions > 1 else ""
    print(f"  {who}: {shown}{edited}")
    for line in lines[1:12]:
        print(f"      {line[:WIDTH]}")

"""Who may use the bot: the list in PARLEY_ALLOWED."""

import re
import unicodedata
from dataclasses import dataclass

from sessions.errors import SettingError

_EVERYBODY = "*"
_ENTRY = re.compile(r"telegram:-?[1-9][0-9]{0,19}|discord:(?:user|guild|channel):[1-9][0-9]{0,19}")
_FORMS = "telegram:42, telegram:-1001, discord:user:7, discord:guild:7, discord:channel:8 or *"


@dataclass(frozen=True, slots=True)
class Admission:
    """People, chats, guilds and channels that are admitted; without any, nobody is."""

    entries: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, setting: str) -> "Admission":
        """Read a list with commas or spaces between its entries. Raises SettingError."""
        # What is copied from a chat may hold signs that nobody sees.
        visible = "".join(sign for sign in setting if unicodedata.category(sign) != "Cf")
        entries = re.split(r"[,\s]+", visible.strip().lower())
        admitted = frozenset(entry for entry in entries if entry)
        for entry in sorted(admitted):
            if entry != _EVERYBODY and not _ENTRY.fullmatch(entry):
                raise SettingError(
                    f"PARLEY_ALLOWED: “{entry[:80]}” names nobody. "
                    f"Use {_FORMS}, with commas between them."
                )
        return cls(admitted)

    def admits(self, *ids: str) -> bool:
        """Whether one of the ids of the person, the chat and the guild is on the list."""
        return _EVERYBODY in self.entries or not self.entries.isdisjoint(ids)

    def refusal(self, person: str, chat: str = "") -> str:
        """What a person who is not admitted is told, as plain text; the ids in the setting's form."""
        everybody = f", or everybody here by adding {chat}," if chat else ""
        return (
            f"You may not use this bot yet. Your id is {person}. "
            f"Whoever runs it can admit you by adding {person}{everybody} to the setting PARLEY_ALLOWED."
        )

"""Buttons as Telegram takes them."""

from collections.abc import Sequence

from bots.telegram.schema import Button, Keyboard
from bots.wording import Button as Labelled
from bots.wording import ButtonStyle, encode_action


def keyboard_of(rows: Sequence[Sequence[Labelled]]) -> Keyboard | None:
    """Return the rows of buttons; None for no row."""
    keys = tuple(
        tuple(
            Button(
                button.label,
                encode_action(button.action),
                "" if button.style is ButtonStyle.PLAIN else button.style.value,
            )
            for button in row
        )
        for row in rows
    )
    return Keyboard(keys) if keys else None

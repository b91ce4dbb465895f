"""The Bot API emulator."""

"""The Telegram adapter over real HTTP, against the strict emulator."""

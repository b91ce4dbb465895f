"""The Discord emulator."""

"""The Discord adapter over the real wire, against the emulator."""

"""The OpenAI emulator."""

"""The emulators themselves: what they take, refuse and tell."""

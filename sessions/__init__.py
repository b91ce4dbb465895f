"""The session core: nouns, ports, engine and commands; it knows no vendor."""

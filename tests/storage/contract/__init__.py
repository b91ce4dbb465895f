"""The store contract: the same facts about every backend."""

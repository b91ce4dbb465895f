"""Embeddings: texts as vectors that are near each other where the texts mean the same."""

from collections.abc import Sequence
from typing import Protocol


class Embeddings(Protocol):
    """A model of embeddings."""

    @property
    def name(self) -> str:
        """Names the model and the length of its vectors: those of another name cannot be compared."""
        ...

    async def embed(self, texts: Sequence[str]) -> tuple[bytes, ...]:
        """Return a vector for each text, as :class:`~sessions.ports.knowledge.Passage` has it.

        Raises ModelError.
        """
        ...

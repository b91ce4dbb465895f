"""Puts together what searches a workspace's knowledge."""

from bots.settings import Settings
from sessions.errors import SettingError
from sessions.knowledge.searching import Searching
from sessions.ports.embeddings import Embeddings
from sessions.ports.knowledge import Knowledge


def searching(settings: Settings, store: Knowledge) -> Searching:
    """Return what searches the store, by meaning too where the settings name a model for that."""
    return Searching(store, embeddings(settings))


def embeddings(settings: Settings) -> Embeddings | None:
    """Make the embeddings that the settings name, if they do. Raises SettingError."""
    model = settings.embeddings_model
    if not model:
        return None
    if not (settings.openai_api_key or settings.openai_base_url):
        raise SettingError(
            f"PARLEY_EMBEDDINGS_MODEL is {model}, but there is no key for it. Set OPENAI_API_KEY=sk-…, "
            "or OPENAI_BASE_URL=http://localhost:8000/v1 for a server of your own."
        )
    from sessions.llm import DEFAULT_BASE_URL
    from sessions.llm.embeddings import OpenAIEmbeddings

    base_url = settings.openai_base_url or DEFAULT_BASE_URL
    return OpenAIEmbeddings(model=model, api_key=settings.openai_api_key, base_url=base_url)

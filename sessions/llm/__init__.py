"""Language models behind the OpenAI API: the only part of the core that knows a vendor.

Importing this is cheap; ``openai`` itself is imported at the first use or by
:meth:`OpenAIModel.warm_up`.
"""

from sessions.llm.patience import Patience
from sessions.llm.streaming import DEFAULT_BASE_URL, OpenAIModel

__all__ = ["DEFAULT_BASE_URL", "OpenAIModel", "Patience"]

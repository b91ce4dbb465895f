"""What the demo's model answers: it proves which context reached it."""

from tests.emulators.openai import Received

STORY = "Once upon a time a queue was full. " * 12 + "And every message was answered. The end."


def answer(request: Received) -> str:
    """Answer from what was said earlier in this request, and from nothing else."""
    question = request.last_user_text.lower()
    earlier = [text for role, text in request.said if role == "user"][:-1]
    if "story" in question or "report" in question:
        return STORY
    if "palette" in question and "?" in question:
        return _recall(earlier, "palette", "the palette")
    if "deploy" in question and "?" in question:
        return _recall(earlier, "deploy", "a deployment")
    return f"Noted. I know {len(earlier) + 1} thing{'s' if earlier else ''} in this session."


def _recall(earlier: list[str], word: str, what: str) -> str:
    for text in reversed(earlier):
        if word in text.lower():
            return f"You told me: **{text.rsplit(': ', maxsplit=1)[-1]}**"
    return f"Nobody has told me about {what} in this session."

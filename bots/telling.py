"""What facts, knowledge and workflows say in chat, as Markdown."""

from typing import assert_never

from bots.quoting import code, plain, shorten
from sessions.facts.outcomes import FactAdded, FactForgotten, FactOutcome, FactsHelped, FactsShown, ShownFact

_LONGEST = 300


def facts(outcome: FactOutcome) -> str:
    """Tell what a command about facts came to."""
    match outcome:
        case FactsShown():
            return _shown(outcome)
        case FactAdded(fact, fresh):
            said = "Remembered" if fresh else "That is remembered already"
            return f"🧠 {said}: {plain(shorten(fact.text, _LONGEST))} ({code(fact.id)})"
        case FactForgotten(fact):
            return f"🗑️ Forgotten: {plain(shorten(fact.text, _LONGEST))}"
        case FactsHelped():
            return ""
        case other:
            assert_never(other)


def lines(*said: str) -> str:
    """Join with breaks that Markdown keeps."""
    return "  \n".join(said)


def page_line(total: str, page: int, pages: int) -> str:
    """Tell how many there are, and which page this is."""
    return f"Total: {total}" + (f" · page {page} of {pages}" if pages > 1 else "")


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shown(shown: FactsShown) -> str:
    if not shown.facts:
        return "🧠 Nothing is remembered here. Say /memory add and what, or “remember that …” in a message."
    said = [_fact(one) for one in shown.facts]
    total = page_line(count(shown.total, "fact"), shown.page, shown.pages)
    return "\n\n".join(("🧠 **What is remembered**", *said, total))


def _fact(shown: ShownFact) -> str:
    about = "you" if shown.own else plain(shown.name) if shown.name else "everybody here"
    return lines(
        f"{code(shown.fact.id)} {plain(shorten(shown.fact.text, _LONGEST))}",
        f"about {about} · {shown.fact.at:%Y-%m-%d}",
    )

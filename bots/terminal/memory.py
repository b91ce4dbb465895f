"""What the commands of memory come to, as pages of a terminal.

``command`` is how the room is addressed: ``parley memory`` on the command line, ``/memory`` in a chat.
"""

from bots.terminal.pages import counted, minute
from bots.terminal.plain import one_line, shorten
from bots.terminal.tables import draw
from sessions.facts.outcomes import FactAdded, FactForgotten, FactsShown, ShownFact

_LONGEST = 60


def shown(outcome: FactsShown, command: str) -> str:
    """A page of facts."""
    if not outcome.total:
        return (
            "🧠 Memory:\n\nNothing is remembered yet. Add a fact: "
            f'{command} add "I like tea"\n\nTotal: 0 facts'
        )
    rows = [
        (one.fact.id, shorten(one.fact.text, _LONGEST), _about(one), minute(one.fact.at))
        for one in outcome.facts
    ]
    table = draw(("ID", "Fact", "About", "Since"), rows, (8, 30, 8, 16))
    page = f"🧠 Memory:\n\n{table}\n\nTotal: {counted(outcome.total, 'fact')}"
    if outcome.pages > 1:
        page += f"\nPage {outcome.page} of {outcome.pages}"
        if outcome.page < outcome.pages:
            page += f"; the next one: {command} show {outcome.page + 1}"
    return page


def added(outcome: FactAdded) -> str:
    """A fact that is remembered."""
    said = "Remembered" if outcome.fresh else "Remembered already"
    return f"🧠 {said}: {one_line(outcome.fact.text)} ({outcome.fact.id})"


def forgotten(outcome: FactForgotten) -> str:
    """A fact that is gone."""
    return f"🗑️  Forgotten: {one_line(outcome.fact.text)}"


def _about(shown: ShownFact) -> str:
    return "you" if shown.own else shown.name or "everybody"

"""The numbers of a run, as a table."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.chaos.house import House, replica_name
from tests.chaos.plan import Plan
from tests.chaos.talk import Key, asked_in
from tests.chaos.town import Town
from tests.chaos.trouble import Journal, Kill
from tests.chaos.verdict import Verdict

_IN_FLIGHT = timedelta(seconds=0.5)
"""What a process sent before it was killed is shown by then; nobody takes over so early."""


@dataclass(frozen=True, slots=True)
class Times:
    """Some durations in seconds."""

    seconds: Sequence[float]

    def __str__(self) -> str:
        if not self.seconds:
            return "none"
        ordered = sorted(self.seconds)
        middle, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        return f"{middle:.1f} s, {most:.1f} s, {ordered[-1]:.1f} s"


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went; nothing in ``broken`` if every promise was kept."""

    plan: Plan
    journal: Journal
    verdict: Verdict
    asked_again: int
    take_overs: Times
    answers: Times
    seconds: float
    broken: Sequence[str]

    def __str__(self) -> str:
        rows = list(self._rows())
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"| {name:<{width}} | {value} |" for name, value in rows)

    def _rows(self) -> Iterator[tuple[str, str]]:
        plan, journal, verdict = self.plan, self.journal, self.verdict
        yield "seed", f"{plan.seed}"
        yield "size", f"{plan.replicas} replicas, {plan.chats} chats, {plan.rate:g} messages/s"
        yield "messages", f"{plan.messages} in {plan.seconds:.0f} s, settled after {self.seconds:.0f} s"
        yield "answered", f"{verdict.answered}"
        yield "marked as interrupted", f"{len(verdict.interrupted)}"
        yield "never answered", f"{len(verdict.unanswered)}"
        yield "replicas killed", f"{len(journal.kills)}"
        yield "masters killed", f"{len(journal.failovers)} (failover: {Times(journal.failovers)})"
        yield "replies lost with their connection", f"{journal.lost_replies}"
        yield "nodes that lost all connections", f"{journal.cuts_of_all}"
        yield "taken over while answering", f"{len(self.take_overs.seconds)}"
        yield "take-over time (median, 95 %, max)", f"{self.take_overs}"
        yield "time to the whole answer (the same)", f"{self.answers}"
        yield "asked from the model again", f"{self.asked_again}"
        yield "empty placeholders that stayed", f"{verdict.placeholders}"
        yield "marked repeats", f"{verdict.repeats}"
        yield "promises broken", f"{len(self.broken)}"


@dataclass(frozen=True, slots=True)
class _Life:
    """When a question was asked, shown, and asked from the model by whom."""

    asked_at: datetime
    shown_at: Sequence[datetime]
    requests: Sequence[tuple[datetime, str]]

    def taken_over_after(self, kill: Kill, lived_from: datetime) -> float | None:
        """Seconds until there was a sign of it after the kill of the replica that worked on it."""
        before = [(at, who) for at, who in self.requests if at < kill.at]
        signs = [at for at in self.shown_at if at > kill.at + _IN_FLIGHT]
        if not before or not signs or before[-1][1] != replica_name(kill.replica):
            return None
        if before[-1][0] < lived_from:
            return None
        return (min(signs) - kill.at).total_seconds()


def measure(house: House, town: Town, kills: Sequence[Kill]) -> tuple[Times, Times]:
    """Take-over times, and the times from the question to its whole answer."""
    lives = list(_lives(house, town))
    taken: list[float] = []
    for number, kill in enumerate(kills):
        same = [one.at for one in kills[:number] if one.replica == kill.replica]
        lived_from = same[-1] if same else datetime.min.replace(tzinfo=kill.at.tzinfo)
        found = (life.taken_over_after(kill, lived_from) for life in lives)
        taken += [seconds for seconds in found if seconds is not None]
    whole = [(life.shown_at[-1] - life.asked_at).total_seconds() for life in lives if life.shown_at]
    return Times(taken), Times(whole)


def asked_again(house: House) -> int:
    """How many requests the model had beyond one for each question."""
    answered = [request for request in house.models.requests if request.status == 200]
    return len(answered) - len({asked_in(request) for request in answered})


def _lives(house: House, town: Town) -> Iterator[_Life]:
    requests = defaultdict[Key, list[tuple[datetime, str]]](list)
    for request in house.models.requests:
        requests[asked_in(request)].append((request.at, request.model))
    shown = town.shown()
    for chat in town.chats:
        signs = defaultdict[int | None, list[datetime]](list)
        for one in shown[chat.thread]:
            signs[one.under] += one.at
        for asked in chat.asked:
            yield _Life(asked.at, sorted(signs[asked.message]), requests[asked.question.key])

"""What the people in the chats see in the end, and whether that is what was promised."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bots.discord import rendering as discord
from bots.telegram import rendering as telegram
from sessions.model import Role, ThreadRef
from sessions.turn import TAKEN_OVER_NOTE
from tests.chaos.talk import Key, Question, named
from tests.chaos.town import Chat, Shown

PLACEHOLDER = "…"


@dataclass(slots=True)
class Verdict:
    """``conversations`` holds, by chat, what a transcript has to say."""

    answered: int = 0
    interrupted: list[Key] = field(default_factory=list)
    unanswered: list[Key] = field(default_factory=list)
    placeholders: int = 0
    repeats: int = 0
    broken: list[str] = field(default_factory=list)
    conversations: dict[int, list[tuple[Role, str]]] = field(default_factory=dict)


def judge(chats: Iterable[Chat], shown: Mapping[ThreadRef, Sequence[Shown]]) -> Verdict:
    """Look at the chats as a person would."""
    verdict = Verdict()
    for chat in chats:
        there = [one for one in shown.get(chat.thread, ()) if not one.gone]
        _Reading(chat, verdict).read(there)
    return verdict


class _Reading:
    """One thread: sorts the bot's messages by the question they belong to, then reads them in order."""

    def __init__(self, chat: Chat, verdict: Verdict) -> None:
        self._chat = chat
        self._verdict = verdict
        self._questions = {asked.message: asked.question.key for asked in chat.asked}
        self._parts = defaultdict[Key, list[Shown]](list)
        self._notes = defaultdict[Key, list[Shown]](list)

    def read(self, messages: Sequence[Shown]) -> None:
        for message in messages:
            self._sort(message)
        before: list[tuple[Role, str]] = []
        last = 0
        for asked in self._chat.asked:
            question = asked.question
            answer = self._answer(question, [text for _, text in before], last)
            before.append((Role.USER, question.text))
            if answer is not None:
                before.append((Role.ASSISTANT, answer))
            last = max([last, *(part.id for part in self._parts[question.key])])
        self._verdict.conversations[self._chat.number] = before

    def _sort(self, message: Shown) -> None:
        under = None if message.under is None else self._questions.get(message.under)
        said = f"message {message.id} ({message.text!r:.80})"
        if message.under is not None and under is None:
            self._complain(f"{said} is under none of the questions")
        elif message.text == PLACEHOLDER and under:
            self._verdict.placeholders += 1
        elif _says_interrupted(message.text) and under:
            self._notes[under].append(message)
        elif len(keys := named(message.text)) != 1 or keys.isdisjoint(self._questions.values()):
            self._complain(f"{said} belongs to no question here")
        elif under is not None and under not in keys:
            self._complain(f"{said} is under {under}")
        else:
            self._parts[keys.pop()].append(message)

    def _answer(self, question: Question, before: Sequence[str], last: int) -> str | None:
        """Return the answer that should be there; None where the turn was given up."""
        key, parts, notes = question.key, self._parts[question.key], self._notes[question.key]
        heads = [part for part in parts if part.under]
        if notes:
            self._verdict.interrupted.append(key)
            if len(notes) > 1 or heads:
                self._complain(f"{key} has {len(notes)} notes and {len(heads)} answers")
            return None
        expected = question.answer(before)
        if not heads:
            self._verdict.unanswered.append(key)
        elif min(part.id for part in parts) < last:
            self._complain(f"the answer to {key} stands above an earlier one")
        elif (wrong := self._mistake(parts, " ".join(expected.split()))) is None:
            self._verdict.answered += 1
        elif wrong == "":
            self._verdict.unanswered.append(key)
        else:
            self._complain(f"{key}: {wrong}")
        return expected

    def _mistake(self, parts: Sequence[Shown], expected: str) -> str | None:
        """Read the parts one after the other; a marked one may say again what the one before it says.

        What was sent before the answer was begun anew may stand above it, if a part says so. Empty: it
        is right but not whole.
        """
        at = begun = 0
        read = [_without_mark(part.text) for part in parts]
        marks = sum(marked for _, marked in read)
        self._verdict.repeats += marks
        headed = False
        for part, (text, marked) in zip(parts, read, strict=True):
            headed = headed or part.under is not None
            if not headed and marks and text in expected:
                continue
            if expected.startswith(text, at):
                begun = at
            elif not (marked and expected.startswith(text, begun)):
                return f"{text!r:.80} where {expected[at : at + 80]!r} should be"
            at = begun + len(text) + 1
        return None if at > len(expected) else ""

    def _complain(self, what: str) -> None:
        self._verdict.broken.append(f"chat {self._chat.number} ({self._chat.thread}): {what}")


def _without_mark(text: str) -> tuple[str, bool]:
    """The words of a part, and whether a line above them says that they may be a repeat."""
    for mark in (telegram.REPEAT_LINE, discord.mark_repeat("")):
        if text.startswith(mark):
            return " ".join(text.removeprefix(mark).split()), True
    return " ".join(text.split()), False


def _says_interrupted(text: str) -> bool:
    note = f"⚠️ {TAKEN_OVER_NOTE}"
    return text == note or (text,) == discord.render_answer("", note)

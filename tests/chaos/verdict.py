"""What the people in the chats see in the end, and whether that is what was promised."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bots.telegram.rendering import REPEAT_LINE
from sessions.model import Role
from sessions.turn import TAKEN_OVER_NOTE
from tests.chaos.talk import Key, Question, named
from tests.chaos.town import Chat
from tests.emulators.telegram import BotApi, Message

PLACEHOLDER = "…"
_INTERRUPTED = f"⚠️ {TAKEN_OVER_NOTE}"


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


def judge(telegram: BotApi, chats: Sequence[Chat]) -> Verdict:
    """Look at all chats as a person would."""
    verdict = Verdict()
    shown = _by_thread(telegram, {chat.place for chat in chats if chat.asked})
    for chat in chats:
        _Reading(chat, verdict).read(shown.get((chat.place, chat.topic), []))
    return verdict


def _by_thread(telegram: BotApi, places: set[int]) -> Mapping[tuple[int, int | None], list[Message]]:
    threads = defaultdict[tuple[int, int | None], list[Message]](list)
    for place in places:
        for message in telegram.chat(place).visible():
            if message.by_bot:
                threads[place, message.thread_id].append(message)
    return threads


class _Reading:
    """One thread: sorts the bot's messages by the question they belong to, then reads them in order."""

    def __init__(self, chat: Chat, verdict: Verdict) -> None:
        self._chat = chat
        self._verdict = verdict
        self._questions = {said.id: question.key for question, said in chat.asked}
        self._parts = defaultdict[Key, list[Message]](list)
        self._notes = defaultdict[Key, list[Message]](list)

    def read(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._sort(message)
        before: list[tuple[Role, str]] = []
        last = 0
        for question, _ in self._chat.asked:
            before.append((Role.USER, question.text))
            answer = self._answer(question, [text for _, text in before[:-1]], last)
            if answer is not None:
                before.append((Role.ASSISTANT, answer))
            last = max([last, *(part.id for part in self._parts[question.key])])
        self._verdict.conversations[self._chat.number] = before

    def _sort(self, message: Message) -> None:
        under = self._questions.get(message.reply_to) if message.reply_to else None
        if message.reply_to and under is None:
            self._complain(f"message {message.id} is under none of the questions: {message.text!r:.80}")
        elif message.text == PLACEHOLDER and under:
            self._verdict.placeholders += 1
        elif message.text == _INTERRUPTED and under:
            self._notes[under].append(message)
        elif len(keys := named(message.text)) != 1 or keys.isdisjoint(self._questions.values()):
            self._complain(f"message {message.id} belongs to no question here: {message.text!r:.80}")
        elif under is not None and under not in keys:
            self._complain(f"message {message.id} is under {under}: {message.text!r:.80}")
        else:
            self._parts[keys.pop()].append(message)

    def _answer(self, question: Question, before: Sequence[str], last: int) -> str | None:
        """Return the answer that is there, complete or not; None where there is none."""
        key, parts, notes = question.key, self._parts[question.key], self._notes[question.key]
        heads = [part for part in parts if part.reply_to]
        if notes:
            self._verdict.interrupted.append(key)
            if len(notes) > 1 or heads:
                self._complain(f"{key} has {len(notes)} notes and {len(heads)} answers")
            return None
        expected = question.answer(before)
        if not heads:
            self._verdict.unanswered.append(key)
        elif len(heads) > 1:
            self._complain(f"{key} has {len(heads)} answers")
        elif min(part.id for part in parts) < last:
            self._complain(f"the answer to {key} stands above an earlier one")
        elif (wrong := self._mistake(parts, " ".join(expected.split()))) is None:
            self._verdict.answered += 1
        elif wrong == "unfinished":
            self._verdict.unanswered.append(key)
        else:
            self._complain(f"{key}: {wrong}")
        return expected

    def _mistake(self, parts: Sequence[Message], expected: str) -> str | None:
        """Read the parts one after the other; a marked one may say again what the one before it says."""
        at = begun = 0
        marks = sum(part.text.startswith(REPEAT_LINE) for part in parts)
        self._verdict.repeats += marks
        headed = False
        for part in parts:
            headed = headed or bool(part.reply_to)
            marked = part.text.startswith(REPEAT_LINE)
            text = " ".join(part.text.removeprefix(REPEAT_LINE).split())
            if not headed and marks and text in expected:
                continue
            if expected.startswith(text, at):
                begun = at
            elif not (marked and expected.startswith(text, begun)):
                return f"{text!r:.80} where {expected[at : at + 80]!r} should be"
            at = begun + len(text) + 1
        return None if at > len(expected) else "unfinished"

    def _complain(self, what: str) -> None:
        self._verdict.broken.append(f"chat {self._chat.number} ({self._chat.thread}): {what}")

"""What a process remembers of sessions to spare the store: their newest messages, their threads."""

from collections import OrderedDict

from sessions.model import SessionKey, ThreadRef
from sessions.window import RecentMessages

_THREADS_A_SESSION = 4


class Recall:
    """The least recently used is forgotten beyond ``sessions``; nothing here is ever the truth."""

    def __init__(self, sessions: int) -> None:
        self._size = sessions
        self._windows: OrderedDict[SessionKey, RecentMessages] = OrderedDict()
        self._bound: OrderedDict[ThreadRef, SessionKey] = OrderedDict()

    def of_thread(self, thread: ThreadRef) -> tuple[SessionKey, RecentMessages] | None:
        """The session that was bound to the thread when last heard of, and what is known of it."""
        key = self._bound.get(thread)
        recent = self.of_session(key) if key else None
        return (key, recent) if key and recent else None

    def of_session(self, key: SessionKey) -> RecentMessages | None:
        """What is known of the session's transcript."""
        return self._windows.get(key)

    def bind(self, thread: ThreadRef, key: SessionKey) -> None:
        """Remember where the thread's messages go."""
        self._bound[thread] = key
        self._bound.move_to_end(thread)
        if len(self._bound) > _THREADS_A_SESSION * self._size:
            self._bound.popitem(last=False)

    def keep(self, key: SessionKey, recent: RecentMessages) -> None:
        """Remember the session's newest messages."""
        self._windows[key] = recent
        self._windows.move_to_end(key)
        if len(self._windows) > self._size:
            self._windows.popitem(last=False)

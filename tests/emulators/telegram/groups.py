"""People run their groups: members, topics, and the step from group to supergroup."""

from dataclasses import dataclass

from tests.emulators.telegram.events import service, tell_membership, tell_message
from tests.emulators.telegram.methods_chats import (
    drop_topic,
    open_topic,
    rename_topic,
    set_topic_closed,
)
from tests.emulators.telegram.model import (
    GENERAL_TOPIC,
    ChatKind,
    ChatLike,
    MemberStatus,
    MessageId,
    ThreadId,
    Topic,
    User,
    UserId,
    WorldError,
)
from tests.emulators.telegram.rendering import user_json
from tests.emulators.telegram.views import ChatView
from tests.emulators.telegram.world import Chat, World


@dataclass(frozen=True, slots=True)
class Groups:
    """What people do to chats; `actor` is who does it, by default the chat's creator."""

    world: World

    def add(self, title: str, creator: User, kind: ChatKind, *, forum: bool = False) -> ChatView:
        chat = self.world.add_group(title, creator, kind, is_forum=forum)
        if forum:
            chat.topics[GENERAL_TOPIC] = Topic(GENERAL_TOPIC, "General")
        return ChatView(self.world, chat.id)

    def set_status(
        self, chat: ChatLike, user: User, status: MemberStatus, actor: User | None = None
    ) -> None:
        """Let somebody (also the bot) join, leave, be promoted, demoted or kicked."""
        state = self._chat(chat)
        by = actor or self._creator(state)
        old = state.status(user.id)
        if old is status:
            return
        state.members[user.id] = status
        tell_membership(self.world, state, by, user, old, status)
        if status.inside and not old.inside:
            service(self.world, state, by, {"new_chat_members": [user_json(user)]})
        elif old.inside and not status.inside and user.id != self.world.bot.id:
            service(self.world, state, by, {"left_chat_member": user_json(user)})
        self.world.changes.notify()

    def create_topic(self, chat: ChatLike, name: str, actor: User | None = None) -> Topic:
        """Open a topic in a forum, or in a private chat with topics."""
        state = self._chat(chat)
        if not (state.is_forum or (state.private and self.world.settings.private_topics)):
            raise WorldError(f"chat {state.id} has no topics")
        topic = open_topic(self.world, state, actor or self._creator(state), name, 7322096)
        tell_message(self.world, state.messages[MessageId(topic.id)])
        return topic

    def rename_topic(self, chat: ChatLike, thread_id: int, name: str, actor: User | None = None) -> None:
        state, topic = self._topic(chat, thread_id)
        rename_topic(self.world, state, actor or self._creator(state), topic, name)

    def close_topic(self, chat: ChatLike, thread_id: int, actor: User | None = None) -> None:
        state, topic = self._topic(chat, thread_id)
        set_topic_closed(self.world, state, actor or self._creator(state), topic, closed=True)

    def reopen_topic(self, chat: ChatLike, thread_id: int, actor: User | None = None) -> None:
        state, topic = self._topic(chat, thread_id)
        set_topic_closed(self.world, state, actor or self._creator(state), topic, closed=False)

    def delete_topic(self, chat: ChatLike, thread_id: int) -> None:
        state, topic = self._topic(chat, thread_id)
        drop_topic(self.world, state, topic)

    def migrate(self, chat: ChatLike, *, forum: bool = False) -> ChatView:
        """Make a group a supergroup with a new id; both chats tell of it, history stays behind."""
        old = self._chat(chat)
        if old.kind is not ChatKind.GROUP or old.migrated_to is not None:
            raise WorldError("only a group becomes a supergroup, and only once")
        creator = self._creator(old)
        view = self.add(old.title, creator, ChatKind.SUPERGROUP, forum=forum)
        new = view.state
        new.members |= old.members
        service(self.world, old, creator, {"migrate_to_chat_id": new.id})
        old.migrated_to = new.id
        service(self.world, new, creator, {"migrate_from_chat_id": old.id})
        return view

    def _chat(self, chat: ChatLike) -> Chat:
        return self.world.chat(chat if isinstance(chat, int) else chat.id)

    def _topic(self, chat: ChatLike, thread_id: int) -> tuple[Chat, Topic]:
        state = self._chat(chat)
        try:
            return state, state.topics[ThreadId(thread_id)]
        except KeyError:
            raise WorldError(f"chat {state.id} has no topic {thread_id}") from None

    def _creator(self, chat: Chat) -> User:
        if chat.private:
            return self.world.users[UserId(chat.id)]
        return self.world.users[
            next(user for user, status in chat.members.items() if status is MemberStatus.CREATOR)
        ]

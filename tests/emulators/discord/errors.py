"""Refusals in Discord's own words: status, code, message and nested form errors.

Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from tests.emulators.discord.changes import JsonObject


class Refused(Exception):
    """The answer that Discord gives instead of doing what was asked."""

    def __init__(self, status: int, code: int, message: str, errors: JsonObject | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    @property
    def body(self) -> JsonObject:
        body: JsonObject = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class PersonCannot(Exception):
    """A person tried what the Discord app would not let them do."""


def unauthorized() -> Refused:
    return Refused(401, 0, "401: Unauthorized")


def no_such_route() -> Refused:
    return Refused(404, 0, "404: Not Found")


def wrong_method() -> Refused:
    return Refused(405, 0, "405: Method Not Allowed")


def unknown_channel() -> Refused:
    return Refused(404, 10003, "Unknown Channel")


def unknown_guild() -> Refused:
    return Refused(404, 10004, "Unknown Guild")


def unknown_member() -> Refused:
    return Refused(404, 10007, "Unknown Member")


def unknown_message() -> Refused:
    return Refused(404, 10008, "Unknown Message")


def unknown_user() -> Refused:
    return Refused(404, 10013, "Unknown User")


def unknown_webhook() -> Refused:
    return Refused(404, 10015, "Unknown Webhook")


def unknown_interaction() -> Refused:
    return Refused(404, 10062, "Unknown interaction")


def unknown_command() -> Refused:
    return Refused(404, 10063, "Unknown application command")


def foreign_application() -> Refused:
    return Refused(403, 20012, "You are not authorized to perform this action on this application")


def too_large() -> Refused:
    return Refused(413, 40005, "Request entity too large")


def already_acknowledged() -> Refused:
    return Refused(400, 40060, "Interaction has already been acknowledged.")


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def not_in_a_dm() -> Refused:
    return Refused(403, 50003, "Cannot execute action on a DM channel")


def not_the_author() -> Refused:
    return Refused(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refused:
    return Refused(400, 50006, "Cannot send an empty message")


def cannot_message_user() -> Refused:
    return Refused(403, 50007, "Cannot send messages to this user")


def not_a_text_channel() -> Refused:
    return Refused(400, 50008, "Cannot send messages in a non-text channel")


def missing_permissions() -> Refused:
    return Refused(403, 50013, "Missing Permissions")


def wrong_channel_type() -> Refused:
    return Refused(400, 50024, "Cannot execute action on this channel type")


def invalid_webhook_token() -> Refused:
    return Refused(401, 50027, "Invalid Webhook Token")


def invalid_form(errors: JsonObject) -> Refused:
    return Refused(400, 50035, "Invalid Form Body", errors)


def thread_archived() -> Refused:
    return Refused(400, 50083, "Thread is archived")


def invalid_json() -> Refused:
    return Refused(400, 50109, "The request body contains invalid JSON.")


def reply_needs_history() -> Refused:
    return Refused(400, 160002, "Cannot reply without permission to read message history")


def thread_exists() -> Refused:
    return Refused(400, 160004, "A thread has already been created for this message")


def thread_locked() -> Refused:
    return Refused(400, 160005, "Thread is locked")

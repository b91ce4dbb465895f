"""Everything Parley raises.

::

    ParleyError
    ├── UserError            its text may be shown to a person as it is
    │   ├── InvalidName
    │   ├── NameTaken
    │   ├── NoSuchSession
    │   ├── NoSuchFact
    │   ├── NoSuchDocument
    │   ├── NoListing        a number without a listing it could refer to
    │   ├── NothingBound     the thread has no session
    │   ├── NothingToRetry
    │   ├── NotPermitted
    │   ├── WiderAudience
    │   ├── UsageError       words or options that do not fit
    │   ├── NoSuchWorkflow
    │   ├── InvalidWorkflow  a definition that cannot be read
    │   ├── NoSuchRun
    │   ├── RunTaken         another process goes on with the run, or its name is in use
    │   ├── WorkflowChanged  since the run's last step
    │   └── SettingError     a setting or storage URL that cannot work
    ├── StoreError
    │   ├── StoreUnavailable nothing was written; trying again later may help
    │   └── StoreDamaged     a record cannot be read and has been put aside
    ├── Unanswered           a turn ended without its whole answer
    ├── LeaseLost            somebody else may act for the session now
    │   └── SessionGone      the session was deleted
    └── ModelError           its text may be shown to a person as it is
        ├── ModelDown        the far end stays unreachable or broken
        ├── ModelRefused     key, model name or request were not accepted
        └── ContextTooLong   the prompt does not fit
"""


class ParleyError(Exception):
    """The root of the tree."""


class UserError(ParleyError):
    """Says what is wrong and what to do, in words for the person who caused it."""


class InvalidName(UserError):
    """Not a session name."""


class NameTaken(UserError):
    """A session of that name exists in the workspace."""


class NoSuchSession(UserError):
    """No session of that name or number that the person may see."""


class NoSuchFact(UserError):
    """No fact of that id, or with those words, that the person may see."""


class NoSuchDocument(UserError):
    """The workspace's knowledge has no document of that source."""


class NoListing(UserError):
    """A number was given, but nothing was listed here within the hour."""


class NothingBound(UserError):
    """The thread is bound to no session."""


class NothingToRetry(UserError):
    """The session has no turn that could run again."""


class NotPermitted(UserError):
    """The person may not do that."""


class WiderAudience(UserError):
    """The session belongs to a private channel and would become readable elsewhere."""


class UsageError(UserError):
    """Words, numbers or options that do not fit."""


class SettingError(UserError):
    """A setting cannot work as it stands."""


class NoSuchWorkflow(UserError):
    """No workflow of that name has a file."""


class InvalidWorkflow(UserError):
    """A workflow's definition cannot be read; the text names the file, the step and what to write."""


class NoSuchRun(UserError):
    """No run of that name that the person may see."""


class RunTaken(UserError):
    """Another process goes on with the run, or its name is in use."""


class WorkflowChanged(UserError):
    """The definition is not the one that the run began with."""


class StoreError(ParleyError):
    """The store could not do its work."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or is too busy; nothing was written.

    The text says why, for the log: it may name a host or a file, and never a secret or what was said.
    """


class StoreDamaged(StoreError):
    """A record cannot be read."""


class Unanswered(ParleyError):
    """A turn ended without its whole answer; the text says why in words for the person who asked.

    ``so_far`` is what there was of the answer, ``ending`` one of :class:`sessions.model.Ending`.
    """

    def __init__(self, text: str, ending: str, so_far: str = "") -> None:
        super().__init__(text)
        self.ending = ending
        self.so_far = so_far


class LeaseLost(ParleyError):
    """The lease ran out or was taken: its former holder must not write or send."""


class SessionGone(LeaseLost):
    """The session was deleted under its holder."""


class ModelError(ParleyError):
    """The model gave no answer; the text says why in words for the person who asked."""


class ModelDown(ModelError):
    """The far end stays unreachable, overloaded or broken."""


class ModelRefused(ModelError):
    """Key, model name or request were not accepted; asking again unchanged will not help."""


class ContextTooLong(ModelError):
    """The prompt is longer than the model's context."""

"""What the core needs from outside: a store, a model, and replies on the platforms.

One room each, and none imports another unasked: the command line starts with the few it needs.

The store's ports (``store`` with ``turns``, ``catalog``, ``bringing``, ``errands``, ``roles``, ``facts``,
``checkpoints``, ``knowledge``) are a contract. Each
method is one atomic step, durable when it returns (in ``roles`` for all processes, not for a power loss),
and may be repeated after a lost reply with the same result; the event id, turn id or holder it carries
makes it so. Any method may raise
:class:`~sessions.errors.StoreUnavailable`; then nothing was written, or what was written is found by the
repeat. A backend can serve a warm turn in two awaited round trips, ``accept`` and ``commit`` of
:class:`~sessions.ports.turns.Turns`; the others overlap the model or the sends.
"""

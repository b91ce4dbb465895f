"""The rules of the store contract as a state machine without input or output.

A step reads the tables of one workspace and changes them only by putting :mod:`~storage.state.changes`.
Whoever keeps those changes and applies them again has the same tables: the memory store forgets them, the
file store writes them down. Ids, tokens and times come from outside, so nothing here depends on chance.
"""

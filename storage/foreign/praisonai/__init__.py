"""The forms in which PraisonAI (4.7, agents 1.7) keeps sessions, memories and checkpoints.

``documents`` has JSON documents, told apart by their keys; ``events`` the older sessions of metadata and
events. They lie in files (``files``), in a table of SQLite (``tables``) or under keys of
Redis (``keys``).
"""

"""Documents and their passages in SQLite tables with FTS5: what the backends but Redis share."""

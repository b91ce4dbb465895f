"""Processes that are killed while they write, and what they leave behind."""

"""Workflows: several steps under one name, run with a checkpoint after each of them."""

"""Tests: facts about the product."""

"""Entry points and composition root."""

"""Loads discord.py once, without its warning about audioop."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

assert discord.__version__

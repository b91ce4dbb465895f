"""Typer commands and groups that take their values as they were typed.

Typer converts every value with pydantic, whose import alone takes longer than listing sessions.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from typer.core import TyperArgument, TyperCommand, TyperGroup

from sessions.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Context, Parameter


class PlainCommand(TyperCommand):
    """A command whose parameters are texts, lists of texts and flags only."""

    def get_params(self, ctx: "Context") -> "list[Parameter]":
        """Return the parameters, which leave their values alone."""
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group whose own options are flags only."""

    def get_params(self, ctx: "Context") -> "list[Parameter]":
        """Return the options, which leave their values alone."""
        return _plain(super().get_params(ctx))


def _plain(params: "list[Parameter]") -> "list[Parameter]":
    for param in params:
        vars(param)["process_value"] = partial(_as_typed, param)
    return params


def _as_typed(param: "Parameter", ctx: "Context", value: object) -> object:
    if param.required and (value is None or value == ()):
        name = param.metavar if isinstance(param, TyperArgument) else f"--{param.name}"
        raise UsageError(f"{name} is missing. See: {ctx.command_path} --help")
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = list(value)
    return param.callback(ctx, param, value) if param.callback else value

"""Texts with places for variables and results: ``{{ name }}``, ``{{ steps.build.output }}``.

A place is a name or a text in quotes and nothing else; there is nothing to call and nothing to import.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sessions.ports.checkpoints import StepResult

STEP_NAME = r"[A-Za-z_][A-Za-z0-9_-]{0,63}"
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
STEPS = "steps"
"""No variable has this name: it leads to the results."""

PATH = rf"(?:{STEPS}\.{STEP_NAME}\.(?:output|status)(?![A-Za-z0-9_.-])|{VARIABLE_NAME}(?![A-Za-z0-9_.-]))"
QUOTED = r"\"[^\"]*\"|'[^']*'"

_PLACE = re.compile(rf"\{{\{{\s*(?:(?P<path>{PATH})|(?P<quoted>{QUOTED}))\s*\}}\}}")
_SHOWN = 40


class TemplateError(Exception):
    """A place that means nothing; the text says what to write."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a step can name: the run's variables, and the results so far by step."""

    variables: Mapping[str, str]
    results: Mapping[str, StepResult]

    def get(self, path: str) -> str:
        """Return what the path leads to. Raises TemplateError."""
        step, what = parse_path(path)
        if not what:
            if path not in self.variables:
                raise TemplateError(f"there is no variable “{path}”. {_there_are(self.variables)}")
            return self.variables[path]
        if step not in self.results:
            raise TemplateError(f"the step “{step}” has no result yet.")
        result = self.results[step]
        return result.output if what == "output" else result.status.value

    def shortened(self, longest: int) -> "Scope":
        """Return the same with the ends of outputs left out that are longer than so many characters."""
        cut = {
            step: replace(one, output=f"{one.output[:longest]}\n[…]")
            if len(one.output) > longest
            else one
            for step, one in self.results.items()
        }
        return Scope(self.variables, cut)


def parse_path(path: str) -> tuple[str, str]:
    """Divide a path into the step and what of it is meant; a variable's has no second part."""
    parts = path.split(".")
    return (parts[1], parts[2]) if len(parts) == 3 else (path, "")


def paths(template: str) -> Iterator[str]:
    """Yield the paths that the template names. Raises TemplateError."""
    for piece, is_path in _pieces(template):
        if is_path:
            yield piece


def render(template: str, scope: Scope) -> str:
    """Fill the places; what is put in is not looked through for places again. Raises TemplateError."""
    return "".join(scope.get(piece) if is_path else piece for piece, is_path in _pieces(template))


def _pieces(template: str) -> Iterator[tuple[str, bool]]:
    at = 0
    while (begin := template.find("{{", at)) >= 0:
        yield template[at:begin], False
        found = _PLACE.match(template, begin)
        if found is None:
            shown = " ".join(template[begin : begin + _SHOWN].split())
            raise TemplateError(
                f"“{shown}” is no place for a value. Write {{{{ name }}}} for a variable, "
                '{{ steps.build.output }} for a result, or {{ "{{" }} for the braces themselves.'
            )
        yield (found["path"], True) if found["path"] else (found["quoted"][1:-1], False)
        at = found.end()
    yield template[at:], False


def _there_are(names: Mapping[str, str]) -> str:
    return f"There are: {', '.join(names)}." if names else "The workflow has no variables."

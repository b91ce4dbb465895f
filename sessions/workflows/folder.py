"""The folder of the workflows: their files are found by listing it, never by a name that was given."""

import asyncio
import difflib
from dataclasses import dataclass
from pathlib import Path

from sessions.errors import InvalidWorkflow, NoSuchWorkflow
from sessions.names import fold
from sessions.workflows.definition import Workflow
from sessions.workflows.reading import LARGEST, read_yaml

_ENDINGS = (".yaml", ".yml")
_MOST_FILES = 1_000
_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Definitions:
    """The workflows of a folder, by name, and what is wrong with the files that hold none."""

    workflows: tuple[Workflow, ...]
    broken: tuple[str, ...] = ()


class WorkflowFolder:
    """Reads the folder anew whenever it is asked: an edited file counts from the next run on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def read(self) -> Definitions:
        """Return all workflows; a file that is wrong hides no other."""
        return await asyncio.to_thread(self._read)

    async def find(self, name: str) -> Workflow:
        """Return the workflow of that name, compared as session names are.

        Raises NoSuchWorkflow, or InvalidWorkflow where it may be in a file that is wrong.
        """
        found = await self.read()
        wanted = fold(name.strip())
        for workflow in found.workflows:
            if fold(workflow.name) == wanted:
                return workflow
        for text in found.broken:
            if wanted and fold(text).startswith((f"{wanted}.yaml", f"{wanted}.yml")):
                raise InvalidWorkflow(text)
        raise NoSuchWorkflow(self._unknown(name, found))

    def _read(self) -> Definitions:
        found: dict[str, Workflow] = {}
        origins: dict[str, str] = {}
        broken: list[str] = []
        for path in self._files():
            try:
                workflow = _read_file(path)
            except InvalidWorkflow as error:
                broken.append(str(error))
                continue
            key = fold(workflow.name)
            if key in found:
                broken.append(
                    f"{path.name}: {origins[key]} has a workflow “{workflow.name}” already. Rename one."
                )
                continue
            found[key], origins[key] = workflow, path.name
        return Definitions(tuple(found[key] for key in sorted(found)), tuple(broken))

    def _files(self) -> list[Path]:
        try:
            there = sorted(one for one in self.path.iterdir() if one.suffix.lower() in _ENDINGS)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InvalidWorkflow(
                f"The folder of the workflows cannot be read: {error.strerror}."
            ) from error
        return [one for one in there if not one.name.startswith(".") and one.is_file()][:_MOST_FILES]

    def _unknown(self, name: str, found: Definitions) -> str:
        shown = name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
        names = [workflow.name for workflow in found.workflows]
        near = difflib.get_close_matches(name, names, 1)
        if near:
            return f"There is no workflow “{shown}”. Did you mean “{near[0]}”?"
        if not names:
            return f"There is no workflow “{shown}”: there are none yet. Put YAML files into workflows/."
        return f"There is no workflow “{shown}”. There are: {', '.join(names[:20])}."


def _read_file(path: Path) -> Workflow:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise InvalidWorkflow(f"{path.name}: it is larger than {LARGEST // 1024} KB.")
        return read_yaml(data.decode(), path.name, path.stem)
    except OSError as error:
        raise InvalidWorkflow(f"{path.name}: it cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidWorkflow(f"{path.name}: it is no text in UTF-8.") from error

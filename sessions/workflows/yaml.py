"""YAML as definitions use it: plain values, no key twice, no references."""

from collections.abc import Hashable

import yaml

from sessions.errors import InvalidWorkflow


class _Plain(yaml.SafeLoader):
    """A reference could make a small file a huge value; of two equal keys one would be lost."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # types-PyYAML says nothing of it
            raise yaml.MarkedYAMLError(
                None, None, "references with * are not read here: write the value again", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    None,
                    None,
                    'a text with {{ at its beginning must stand in quotes: "{{ … }}"',
                    key.start_mark,
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    None, None, f"the key “{key.value}” is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(text: str, origin: str) -> object:
    """Return the value of a text in YAML. Raises InvalidWorkflow, which names the line."""
    try:
        return yaml.load(text, _Plain)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidWorkflow(f"{origin}{line}: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidWorkflow(f"{origin} is no YAML that can be read: {error}") from error

"""Load a compose file that may have Compose's tags `!reset` and `!override`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.values.loader import ComposeLoader

TAGS = ("!reset", "!override")


class TagLoader(ComposeLoader):
    """A loader that reads a value with one of Compose's tags as if it had none."""

    def construct_tagged(self, node: yaml.Node) -> Any:
        """Construct the value of a tagged node as if the node had no tag."""
        if isinstance(node, yaml.MappingNode):
            return self.construct_dict(node)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_list(node)
        plain = yaml.ScalarNode(
            self.resolve(yaml.ScalarNode, node.value, (True, False)), node.value, node.start_mark
        )
        return self.construct_object(plain)


for _tag in TAGS:
    TagLoader.add_constructor(_tag, TagLoader.construct_tagged)


def first_tag(document: Document) -> tuple[str, int] | None:
    """Return the first of Compose's tags in a file and its line; None if there is none."""
    tagged = [node for node in _nodes(document.root, set()) if node.tag in TAGS]
    if not tagged:
        return None
    first = min(tagged, key=lambda node: int(node.start_mark.line))
    return first.tag, first.start_mark.line + 1


def _nodes(node: yaml.Node | None, known: set[int]) -> Iterator[yaml.Node]:
    """Yield a node and those below it, each once, even if aliases refer to it."""
    if node is None or id(node) in known:
        return
    known.add(id(node))
    yield node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _nodes(key, known)
            yield from _nodes(value, known)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _nodes(item, known)

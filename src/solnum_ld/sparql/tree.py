"""A query as the tree of its grammar (SPARQL 1.1 Query, 19.8), to find what stands in it and to have parts of it reworded.

Nodes come after those within them, so that nothing here recurses, however deep a query is nested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from solnum_ld.sparql.grammar import END_OF_RULE, derivation, is_rule


@dataclass(slots=True, eq=False)
class Node:
    """A rule of the grammar or a kind of token, where it stands, and what it consists of.

    A rule that consists of one part alone is that part: an ``Expression`` that is a variable is a ``var``. ``text`` is what
    a token is, and while a query is reworded what is to stand in the place of any node.
    """

    symbol: str
    start: int
    end: int
    text: str = ""
    parts: list[Node] = field(default_factory=list)

    def within(self, symbol: str) -> Iterator[Node]:
        """Yield this node and what it consists of, where it is of this kind, in the order of the text."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.symbol == symbol:
                yield node
            waiting += reversed(node.parts)


def tree(text: str) -> list[Node]:
    """Return the nodes of a query that the grammar takes, each after those within it, the whole as the last.

    >>> [node.symbol for node in tree("ASK { ?s ?p 1 }") if node.parts]
    ['PathList', 'PathTriples', 'Group', 'AskQuery', 'Query']
    """
    found: list[Node] = []
    opened = [Node("", 0, 0)]
    for symbol, start, end in derivation(text):
        if symbol == END_OF_RULE:
            node = opened.pop()
            if not node.parts:
                continue
            node.start, node.end = node.parts[0].start, node.parts[-1].end
            if len(node.parts) == 1:
                node = node.parts[0]
            else:
                found.append(node)
            opened[-1].parts.append(node)
        elif is_rule(symbol):
            opened.append(Node(symbol, start, end))
        else:
            node = Node(symbol, start, end, text[start:end])
            found.append(node)
            opened[-1].parts.append(node)
    return found


def reworded(text: str, nodes: Sequence[Node], words: Callable[[Node], str | None]) -> str:
    """Return a query in other words: ``words`` gives those of a node, whose parts have theirs, or None to leave it.

    Afterwards the nodes have their own words again.

    >>> query = "ASK { FILTER(1 = 2) }"
    >>> reworded(query, tree(query), lambda node: "3" if node.text == "1" else None)
    'ASK { FILTER(3 = 2) }'
    """
    for node in nodes:
        if node.parts:
            node.text = joined(text, node)
        node.text = found if (found := words(node)) is not None else node.text
    root = nodes[-1]
    said = text[: root.start] + root.text + text[root.end :]
    for node in nodes:
        node.text = "" if node.parts else text[node.start : node.end]
    return said


def joined(text: str, node: Node) -> str:
    """Return the words of a node's parts, with what stands between them in the query's text."""
    pieces: list[str] = []
    end = node.start
    for part in node.parts:
        pieces += (text[end : part.start], part.text)
        end = part.end
    return "".join(pieces)


__all__: Sequence[str] = ("Node", "joined", "reworded", "tree")

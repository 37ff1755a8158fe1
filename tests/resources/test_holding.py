"""What mentions a thing by way of blank nodes; the contract of stores tests the queries on every engine."""

from __future__ import annotations

import asyncio
from typing import cast

import pyoxigraph as ox

from solnum_ld.errors import QueryTimeout
from solnum_ld.resources.holding import with_holders
from solnum_ld.store.protocol import Description, PropertyValues, Store, Term


class Slow:
    """A store whose engine takes too long."""

    async def rows(self, query: str, **bindings: Term) -> list[dict[str, Term]]:
        raise QueryTimeout("too long")

    async def labels(self, iris: list[str]) -> dict[str, tuple[ox.Literal, ...]]:
        return {}


def test_a_page_does_not_wait_for_what_takes_too_long() -> None:
    name, blank, thing = ox.NamedNode("http://h.example/p"), ox.BlankNode("a"), ox.NamedNode("http://h.example/id/y")
    groups = (
        PropertyValues(name, True, (thing, blank), 2, False),
        PropertyValues(ox.NamedNode("http://h.example/q"), True, (blank,), 1, False),
    )
    description = Description("http://h.example/id/x", (), groups, (), {}, (), ())
    found = asyncio.run(with_holders(cast("Store", Slow()), description))
    assert [(group.predicate, group.values) for group in found.incoming] == [(name, (thing,))]

"""What is told of a query's text alone is kept for queries that come again, as those of applications do."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import TypeVar, cast

SHORT = 4096
"""Characters of a query up to which anything of it is kept, so that what is kept has a bound."""

_QUERIES = 512

F = TypeVar("F", bound=Callable[..., object])


def kept(function: F) -> F:
    """Keep what a function of a query's text tells of short ones; what it raises is raised anew."""
    remembered = lru_cache(maxsize=_QUERIES)(function)

    @wraps(function)
    def told(text: str, *more: Hashable) -> object:
        return remembered(text, *more) if len(text) <= SHORT else function(text, *more)

    return cast("F", told)


__all__ = ["SHORT", "kept"]

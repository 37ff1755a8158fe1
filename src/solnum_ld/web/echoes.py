"""Answers known by the very bytes of their request: what asks the same of a release that has not changed is answered before
anything of it is parsed. Machines ask so again and again, byte for byte.

Whoever answers says, in the start of an answer, from where it may be had again (:data:`SOURCE`); the connection, which alone
sees the bytes, keeps the two together and asks the source each time. Nothing of an answer is kept here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from starlette.types import Message

SOURCE = "solnum_ld.source"
"""Where the start of an answer holds what gives it again."""

LONGEST = 4096
"""Bytes of a request that is worth remembering."""

_KEPT = 4096

Source: TypeAlias = Callable[[], tuple[Message, Message] | None]
"""Returns start and body of an answer as long as it is that to the same request; None when it is no more."""


class Echoes:
    """Requests, by their bytes, and the sources of their answers; those asked longest ago make room."""

    def __init__(self) -> None:
        self._sources: OrderedDict[bytes, Source] = OrderedDict()

    def keep(self, request: bytes, source: Source) -> None:
        """Note where the answer to a request may be had again. ``request`` is a whole one, without a body."""
        self._sources[request] = source
        if len(self._sources) > _KEPT:
            self._sources.popitem(last=False)

    def recall(self, request: bytes) -> tuple[Message, Message] | None:
        """Return start and body of the answer to a request; None when it is to be answered as any other."""
        source = self._sources.get(request)
        if source is None:
            return None
        answer = source()
        if answer is None:
            del self._sources[request]
        else:
            self._sources.move_to_end(request)
        return answer


__all__: Sequence[str] = ("LONGEST", "SOURCE", "Echoes", "Source")

"""What is not described here any more: 410 for a name that an earlier release described, 404 for one that none did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from solnum_ld.errors import Gone, LedgerUnreadable, NotFound
from solnum_ld.web.site import Generation


async def missing(generation: Generation, rests: Iterable[str]) -> NotFound:
    """Return the error that tells of names which the release does not describe; ``rests`` are what follows the base."""
    iris = [generation.manifest.base + rest for rest in rests]
    since = await asyncio.to_thread(_departed, generation, iris)
    if since is None:
        return NotFound("Nothing is described at this address.")
    return Gone(f"What this address names was published here and is described no longer, since {since}.")


def _departed(generation: Generation, iris: Iterable[str]) -> str | None:
    try:
        ledger = generation.ledger()
        return next(filter(None, map(ledger.departed, iris)), None)
    except LedgerUnreadable:
        return None

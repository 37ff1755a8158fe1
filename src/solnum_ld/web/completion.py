"""What the editor of the query page completes: prefixes of ours, and the classes and properties in use, with their names."""

from __future__ import annotations

import asyncio

from solnum_ld.namespaces import PREFIXES
from solnum_ld.resources.view import Viewer
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics

MAX_TERMS = 250
"""Classes, and properties, that the editor knows, the most used first."""


async def read_completion(generation: Generation, language: str) -> dict[str, object]:
    """Return ``prefixes`` by name, and ``classes`` and ``properties`` as lists of IRI, name for the reader and uses."""
    statistics = await asyncio.to_thread(read_statistics, generation)
    viewer = Viewer(generation.manifest.names, language)
    known: dict[str, object] = {"prefixes": PREFIXES}
    for key in ("classes", "properties"):
        ranked = sorted(statistics[key].items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_TERMS]
        labels = await generation.store.labels([iri for iri, _ in ranked])
        known[key] = [(iri, viewer.name(iri, labels.get(iri, ())).value, count) for iri, count in ranked]
    return known

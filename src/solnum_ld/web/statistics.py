"""How often each class and property of a release is used, as the build has counted."""

from __future__ import annotations

import json

from solnum_ld.web.site import Generation


def read_statistics(generation: Generation) -> dict[str, dict[str, int]]:
    """Return the uses of ``classes`` and of ``properties`` by IRI."""
    data: dict[str, dict[str, int]] = json.loads((generation.path / "statistics.json").read_text("utf-8"))
    return data

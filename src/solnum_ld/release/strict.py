"""The strict default graph (``--default-graph strict``): what the source leaves in no named graph, and that alone.

Each file's own graph serves pages and the vocabulary, but queries see its triples in the default graph, under a graph name
of ours that is never shown.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from solnum_ld.store.datasets import STRICT_DEFAULT

_GRAPH = f" <{STRICT_DEFAULT}> .\n".encode()


@dataclass(frozen=True, slots=True)
class Separated:
    """``quads`` as they are published, the default graph's triples without a name; ``default`` as the store takes them."""

    quads: Path
    default: Path
    triples: int


def separate(quads: Path, own: Collection[str], work: Path) -> Separated:
    """Take the triples of files' ``own`` graphs out of sorted N-Quads into the default graph, each once."""
    names = {b"<" + graph.encode() + b">" for graph in own}
    public, default = work / "strict-quads.nq", work / "strict-default.nq"
    count = 0
    last = b""
    with quads.open("rb") as lines, public.open("wb") as out, default.open("wb") as inner:
        for line in lines:
            cut = line.rfind(b" ", 0, -3)
            if line[cut + 1 : -3] not in names:
                out.write(line)
            elif line[:cut] != last:
                last = line[:cut]
                out.write(last + b" .\n")
                inner.write(last + _GRAPH)
                count += 1
    return Separated(public, default, count)

"""JSON-LD of a description: compacted against the source's own context, which travels inline (JSON-LD 1.1 API, 5.6).

A plain context, as ours is, is written directly (:mod:`~solnum_ld.resources.compacting`); any other goes through pyld.
No context is ever fetched; only the terms in use are sent along, so that a small document stays readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from solnum_ld.namespaces import PREFIXES
from solnum_ld.rdf import to_bytes
from solnum_ld.resources.compacting import NotPlain, PlainContext

JsonObject = dict[str, Any]  # JSON is what it is: any shape
_KEYWORDS = re.compile(r"@[A-Za-z]+$")


def _refuse(url: str, _options: object = None) -> JsonObject:
    raise ValueError(f"{url} is not fetched")


class Context:
    """A JSON-LD context; without a file of its own, the prefix table."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition: JsonObject = dict(definition)
        try:
            self._plain: PlainContext | None = PlainContext(self.definition)
        except NotPlain:
            self._plain = None

    @classmethod
    def read(cls, path: Path) -> Context:
        """Return the context of a file, or of the prefix table when there is none."""
        if not path.is_file():
            return cls(PREFIXES)
        return cls(json.loads(path.read_text("utf-8-sig"))["@context"])

    @property
    def quick(self) -> bool:
        """Tell whether a small document is written in well under a millisecond."""
        return self._plain is not None

    def compact(self, triples: Sequence[ox.Triple]) -> bytes:
        """Return the triples as compact JSON-LD, ASCII only (right under every decoding), nodes in a stable order."""
        if self._plain is not None:
            try:
                return self._plain.write(triples)
            except NotPlain:  # an IRI that this context would read as another
                pass
        document = self._by_pyld(triples)
        document["@context"] = self._used(document.get("@graph", []))
        return (json.dumps(document, ensure_ascii=True, indent=1) + "\n").encode()

    def _by_pyld(self, triples: Sequence[ox.Triple]) -> JsonObject:
        from pyld import jsonld  # a fifth of a second and many modules, for contexts that are not plain

        lines = to_bytes(sorted(triples, key=str), ox.RdfFormat.N_TRIPLES).decode()
        expanded = jsonld.from_rdf(lines, {"format": "application/n-quads", "useNativeTypes": False})
        options = {"documentLoader": _refuse, "graph": True, "compactArrays": True}
        document: JsonObject = jsonld.compact(expanded, {"@context": self.definition}, options)
        return document

    def _used(self, graph: object) -> JsonObject:
        """Return the part of the context that a document needs."""
        words: set[str] = set()
        _collect(graph, words)
        used: JsonObject = {}
        pending = [word for word in words if word in self.definition]
        while pending:
            term = pending.pop()
            if term in used:
                continue
            used[term] = self.definition[term]
            inner: set[str] = set()
            _collect(self.definition[term], inner)
            pending.extend(word for word in inner if word in self.definition and word not in used)
        return {key: value for key, value in self.definition.items() if _KEYWORDS.match(key) or key in used}


def _collect(value: object, words: set[str]) -> None:
    """Gather every key, and every prefix of a key or string, that occurs in a JSON value."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            for key in each:
                words.update((key, key.partition(":")[0]))
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)
        elif isinstance(each, str):
            words.update((each, each.partition(":")[0]) if len(each) < 500 else ())

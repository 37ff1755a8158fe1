"""Derived triples: the source's CONSTRUCT rules (``ontology/rules/*.rq``), run until nothing new comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.errors import SourceInvalid
from solnum_ld.findings import Finding, violation
from solnum_ld.rdf import to_bytes

MAX_ROUNDS = 20
_REMOTE = re.compile(r"\b(SERVICE|FROM)\b", re.IGNORECASE)
_COMMENT = re.compile(r"(?m)^\s*#.*$")


def check_rules(rules: Sequence[Path], root: Path) -> list[Finding]:
    """Return what is wrong with the rules: syntax, or a reach out of the data. None of them is run on any data."""
    findings = []
    empty = ox.Store()
    for path in rules:
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            findings.append(violation("rule", f"The rule cannot be read: {error}.", "Save it as UTF-8.", file=name))
            continue
        if _REMOTE.search(_COMMENT.sub("", text)):
            findings.append(
                violation(
                    "rule",
                    "A rule must not use SERVICE or FROM.",
                    "Write it over the data of the source alone.",
                    file=name,
                )
            )
            continue
        try:
            answer = empty.query(text)
        except SyntaxError as error:
            findings.append(
                violation(
                    "rule", f"The rule is not SPARQL: {error.msg}.", "Correct the query.", file=name, line=error.lineno
                )
            )
            continue
        if not isinstance(answer, ox.QueryTriples):
            findings.append(
                violation("rule", "A rule must be a CONSTRUCT query.", "Write CONSTRUCT { … } WHERE { … }.", file=name)
            )
    return findings


def derive(store: ox.Store, rules: Sequence[Path], graph: str) -> list[bytes]:
    """Add what the rules derive to the store's default graph and to ``graph``; return it as sorted N-Quads lines.

    Raises :class:`SourceInvalid` when the rules do not come to rest.
    """
    target = ox.NamedNode(graph)
    default = ox.DefaultGraph()
    derived: set[bytes] = set()
    texts = [(path.name, path.read_text("utf-8")) for path in rules]
    for _ in range(MAX_ROUNDS):
        fresh = {triple for _, text in texts for triple in store.query(text)}  # type: ignore[union-attr]  # CONSTRUCT gives triples
        quads = [ox.Quad(t.subject, t.predicate, t.object, default) for t in fresh]
        quads = [quad for quad in quads if quad not in store]
        if not quads:
            return sorted(derived)
        store.bulk_extend(quads)
        store.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object, target) for quad in quads)
        lines = to_bytes([q.triple for q in quads], ox.RdfFormat.N_TRIPLES)
        derived.update(line[:-2] + b" <" + graph.encode() + b"> ." for line in lines.splitlines())
    names = ", ".join(name for name, _ in texts)
    raise SourceInvalid(
        "The rules do not come to rest.",
        [
            violation(
                "rule",
                f"After {MAX_ROUNDS} rounds the rules ({names}) still derive something new.",
                "Remove rules that make new IRIs from their own results.",
            )
        ],
    )

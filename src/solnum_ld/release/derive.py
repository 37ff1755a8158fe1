"""Derived triples: the source's CONSTRUCT rules (``ontology/rules/*.rq``), run until nothing new comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.errors import SourceInvalid
from solnum_ld.findings import Finding, violation
from solnum_ld.rdf import to_bytes

MAX_ROUNDS = 20
MAX_GROWTH = 10
"""How many times as much as it is given a set of rules may derive, beside MAX_FREE triples that any source may."""
MAX_FREE = 100_000

_REMOTE = re.compile(r"\b(SERVICE|FROM)\b", re.IGNORECASE)
_APART = re.compile(
    r"""\"{3}.*?(?<!\\)\"{3}|'{3}.*?(?<!\\)'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^<>\s]*>|\#[^\n]*""",
    re.DOTALL,
)
"""What a keyword does not stand in: strings, IRIs, comments (SPARQL 1.1 Query, 19.4 and 19.8)."""

_POSITION = re.compile(r"error at (\d+):(\d+): ")


def check_rules(rules: Sequence[Path], root: Path) -> list[Finding]:
    """Return what is wrong with the rules: syntax, or a reach out of the data. None of them is run on any data."""
    return [found for path in rules if (found := _check_rule(path, path.relative_to(root).as_posix())) is not None]


def reaches_out(text: str) -> bool:
    """Tell whether a query would reach out of the data: SERVICE or FROM outside strings, IRIs and comments."""
    return _REMOTE.search(_APART.sub(" ", text)) is not None


def _check_rule(path: Path, name: str) -> Finding | None:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return violation("rule", f"The rule cannot be read: {error}.", "Save it as UTF-8.", file=name)
    if reaches_out(text):
        remedy = "Write it over the data of the source alone."
        return violation("rule", "A rule must not use SERVICE or FROM.", remedy, file=name)
    try:
        answer = ox.Store().query(text)
    except SyntaxError as error:
        at = _POSITION.search(str(error.msg))
        why = _POSITION.sub("", str(error.msg)).partition("expected")[0].strip(" :,") or "it cannot be read here"
        line, column = (int(at[1]), int(at[2])) if at else (None, None)
        message = f"The rule is not SPARQL: {why}."
        return violation("rule", message, "Correct the query.", file=name, line=line, column=column)
    if not isinstance(answer, ox.QueryTriples):
        return violation("rule", "A rule must be a CONSTRUCT query.", "Write CONSTRUCT { … } WHERE { … }.", file=name)
    return None


def derive(store: ox.Store, rules: Sequence[Path], graph: str) -> list[bytes]:
    """Add what the rules derive to the store's default graph and to ``graph``; return it as sorted N-Quads lines.

    Raises :class:`SourceInvalid` when the rules do not come to rest.
    """
    target = ox.NamedNode(graph)
    derived: set[bytes] = set()
    most = MAX_GROWTH * len(store) + MAX_FREE
    texts = [path.read_text("utf-8") for path in rules]
    names = ", ".join(path.name for path in rules)
    for _ in range(MAX_ROUNDS):
        quads = list(_fresh(store, texts, most - len(derived) + 1))
        if not quads:
            return sorted(derived)
        if len(derived) + len(quads) > most:
            raise _unending(
                f"The rules ({names}) derive more than {most:,} triples from this source.",
                "Make them derive less; a rule that joins things that have nothing in common derives all pairs.",
            )
        store.bulk_extend(quads)
        store.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object, target) for quad in quads)
        lines = to_bytes([q.triple for q in quads], ox.RdfFormat.N_TRIPLES)
        derived.update(line[:-2] + b" <" + graph.encode() + b"> ." for line in lines.splitlines())
    raise _unending(
        f"After {MAX_ROUNDS} rounds the rules ({names}) still derive something new.",
        "Remove rules that make new IRIs from their own results.",
    )


def _fresh(store: ox.Store, texts: Sequence[str], limit: int) -> Iterator[ox.Quad]:
    """Yield up to ``limit`` triples that the rules derive and the default graph has not, each once."""
    seen: set[ox.Triple] = set()
    for text in texts:
        for triple in store.query(text):  # type: ignore[union-attr]  # CONSTRUCT gives triples
            quad = ox.Quad(triple.subject, triple.predicate, triple.object)
            if triple not in seen and quad not in store:
                seen.add(triple)
                yield quad
                if len(seen) >= limit:
                    return


def _unending(message: str, remedy: str) -> SourceInvalid:
    return SourceInvalid("The rules do not come to rest.", [violation("rule", message, remedy)])

"""From canonical names to the deployment's names: one pass over the sorted source, which also hashes it and counts.

IRIs of subjects, predicates, objects and graphs that begin with the source's uriSpace get the deployment's base, except the
vocabulary and the shapes (DESIGN, section 2). Literals are never rewritten, but for ``void:uriSpace``, which repeats an IRI.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from solnum_ld.iris import Names
from solnum_ld.namespaces import RDF_TYPE, SN, VOID
from solnum_ld.release.index import HUB

_TYPE = f"<{RDF_TYPE}>".encode()
_WITHDRAWAL = f"<{SN}Withdrawal>".encode()
_SPACE = f"<{VOID}uriSpace>".encode()
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rebased:
    """The source under the deployment's names, as files, with what was seen on the way.

    ``content`` is the hash of the canonical lines; ``elsewhere`` are the first IRIs that the general rule does not
    serve, of ``elsewhere_count``; ``large`` are subjects with more than HUB statements.
    """

    content: str
    quads: Path
    triples: Path
    records: Path
    graphs: Counter[str]
    triple_count: int
    entities: int
    predicates: Counter[bytes]
    classes: Counter[bytes]
    fragments: tuple[tuple[str, str], ...]
    large: tuple[str, ...]
    withdrawn: frozenset[str]
    elsewhere: tuple[str, ...]
    elsewhere_count: int


class Rebaser:
    """Rewrites N-Quads lines.

    >>> Rebaser(Names("http://s/", "http://b/", "http://b/")).apply(b'<http://s/a> <http://s/def#p> "<http://s/a>" .')
    b'<http://b/a> <http://s/def#p> "<http://s/a>" .'
    """

    def __init__(self, names: Names) -> None:
        self._space, self._base = names.space.encode(), names.base.encode()
        space = re.escape(self._space)
        keep = rb"(?!def[#/>]|shapes[/>])"
        literal = rb'"(?:[^"\\]|\\.)*"(?:\^\^<[^>]*>)?'
        self._changes = names.space != names.base
        self._plain = re.compile(rb"<" + space + keep)
        self._quoted = re.compile(literal + rb"|<" + space + keep)
        self._start = b"<" + self._base

    def apply(self, line: bytes) -> bytes:
        """Return the line with the deployment's names."""
        if not self._changes or self._space not in line:
            return line
        if b'"' not in line:
            return self._plain.sub(self._start, line)
        if _SPACE in line:
            line = line.replace(_SPACE + b' "' + self._space + b'"', _SPACE + b' "' + self._base + b'"')
        return self._quoted.sub(lambda m: m[0] if m[0][0] == 34 else self._start, line)


def rebase(lines: Iterable[bytes], names: Names, work: Path) -> Rebased:
    """Write the rebased quads, the merged triples and the records into ``work``; return them with their statistics.

    ``lines`` are the source's canonical N-Quads, sorted, without their ends.
    """
    tally = _Tally(names)
    quads, triples, records = work / "quads.nq", work / "triples.nt", work / "records.tsv"
    with quads.open("wb") as nq, triples.open("wb") as nt:
        for subject, group in groupby(tally.hashed(lines), key=_subject):
            del subject
            rebased = [tally.rebaser.apply(line) for line in group]
            nq.write(b"\n".join(rebased) + b"\n")
            own = tally.triples(rebased)
            nt.write(b" .\n".join(own) + b" .\n")
    records.write_text("".join(sorted(tally.records)), "utf-8")
    graphs = Counter({_graph_name(term): count for term, count in tally.graphs.items()})
    return Rebased(
        content=tally.digest.hexdigest(),
        quads=quads,
        triples=triples,
        records=records,
        graphs=graphs,
        triple_count=tally.triple_count,
        entities=tally.entities,
        predicates=tally.predicates,
        classes=tally.classes,
        fragments=tuple(tally.fragments),
        large=tuple(tally.large),
        withdrawn=frozenset(tally.withdrawn),
        elsewhere=tuple(tally.elsewhere),
        elsewhere_count=tally.elsewhere_count,
    )


def _subject(line: bytes) -> bytes:
    return line[: line.index(b" ")]


def _graph_name(term: bytes) -> str:
    return term[1:-1].decode() if term.startswith(b"<") else term.decode()


class _Tally:
    """What is counted and gathered while the lines pass, subject by subject."""

    def __init__(self, names: Names) -> None:
        self.rebaser = Rebaser(names)
        self.digest = hashlib.sha256()
        self.graphs: Counter[bytes] = Counter()
        self.predicates: Counter[bytes] = Counter()
        self.classes: Counter[bytes] = Counter()
        self.records: list[str] = []
        self.fragments: list[tuple[str, str]] = []
        self.large: list[str] = []
        self.withdrawn: set[str] = set()
        self.elsewhere: list[str] = []
        self.elsewhere_count = self.triple_count = self.entities = 0
        self._names = names

    def hashed(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the lines on, hashing them."""
        update = self.digest.update
        for line in lines:
            update(line + b"\n")
            yield line

    def triples(self, lines: list[bytes]) -> list[bytes]:
        """Return the distinct triples of one subject's quads, in order, without their end; count them."""
        cuts = [line.rfind(b" ", 0, -2) for line in lines]
        self.graphs.update(line[cut + 1 : -2] for line, cut in zip(lines, cuts, strict=True))
        own = list(dict.fromkeys(line[:cut] for line, cut in zip(lines, cuts, strict=True)))
        parts = [triple.split(b" ", 2) for triple in own]
        self.predicates.update(part[1] for part in parts)
        types = [part[2] for part in parts if part[1] == _TYPE]
        self.classes.update(types)
        self.triple_count += len(own)
        subject = parts[0][0]
        if subject.startswith(b"<"):
            self._resource(subject[1:-1].decode(), own, withdrawn=_WITHDRAWAL in types)
        return own

    def _resource(self, iri: str, own: list[bytes], *, withdrawn: bool) -> None:
        self.entities += 1
        if len(own) > HUB:
            self.large.append(iri)
        document, hash_sign, _ = iri.partition("#")
        if hash_sign:
            self.fragments.append((document, iri))
        if self._names.is_vocabulary(iri):
            return
        if self._names.path_of(iri) is None:
            self.elsewhere_count += 1
            if len(self.elsewhere) < _SHOWN:
                self.elsewhere.append(iri)
        elif withdrawn:
            self.withdrawn.add(iri)
        else:
            digest = hashlib.sha256(b"\n".join(own)).hexdigest()[:32]
            self.records.append(f"{iri}\t{digest}\n")

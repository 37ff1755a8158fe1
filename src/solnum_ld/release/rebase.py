"""From canonical names to the deployment's names: one pass over the sorted source, which also hashes it and counts.

IRIs of subjects, predicates, objects and graphs that begin with the source's uriSpace get the deployment's base, except the
vocabulary and the shapes (DESIGN, section 2). Literals are never rewritten, but for ``void:uriSpace``, which repeats an IRI.
Parts of the source are named apart, in the processes of a crew; where it was parted changes no result.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from solnum_ld.iris import Names
from solnum_ld.namespaces import RDF_TYPE, SN, VOID
from solnum_ld.release.crew import Crew
from solnum_ld.release.index import HUB
from solnum_ld.release.tree import Role

_TYPE = f"<{RDF_TYPE}>".encode()
_WITHDRAWAL = f"<{SN}Withdrawal>".encode()
_SPACE = f"<{VOID}uriSpace>".encode()
_KEPT = {b"def": (b"def#", b"def/", b"def>"), b"shapes": (b"shapes/", b"shapes>")}
_SHOWN = 20


class Rebaser:
    """Rewrites N-Quads lines.

    >>> Rebaser(Names("http://s/", "http://b/", "http://b/")).apply(b'<http://s/a> <http://s/def#p> "<http://s/a>" .')
    b'<http://b/a> <http://s/def#p> "<http://s/a>" .'
    """

    def __init__(self, names: Names) -> None:
        self._space, self._base = names.space.encode(), names.base.encode()
        space = re.escape(self._space)
        literal = rb'"(?:[^"\\]|\\.)*"(?:\^\^<[^>]*>)?'
        self._changes = names.space != names.base
        self._old, self._new = b"<" + self._space, b"<" + self._base
        self._term = re.compile(literal + rb"|<" + space + rb"(?!def[#/>]|shapes[/>])")
        self._quoted = re.compile(rb'> "(?:[^"\\\n]|\\.)*?<' + space)

    def apply(self, text: bytes) -> bytes:
        """Return one or more lines with the deployment's names."""
        if not self._changes or (self._old not in text and _SPACE not in text):
            return text
        if self._new in text or _SPACE in text or self._quoted.search(text):
            return b"\n".join(self._line(line) for line in text.split(b"\n"))
        return self._whole(text)

    def injective(self, text: bytes) -> bool:
        """Tell whether different lines of ``text`` stay different: not where both of an IRI's names are in use."""
        return not self._changes or self._new not in text

    def _whole(self, text: bytes) -> bytes:
        """Rewrite text whose literals hold no name of ours: all names, then back those that are kept."""
        text = text.replace(self._old, self._new)
        for stem, kept in _KEPT.items():
            if self._new + stem in text:
                for name in kept:
                    text = text.replace(self._new + name, self._old + name)
        return text.replace(b'"^^' + self._new, b'"^^' + self._old)

    def _line(self, line: bytes) -> bytes:
        if _SPACE in line:
            line = line.replace(_SPACE + b' "' + self._space + b'"', _SPACE + b' "' + self._base + b'"')
        return self._term.sub(lambda m: m[0] if m[0][0] == 34 else self._new, line)


@dataclass(slots=True)
class Tally:
    """What is counted and gathered while lines pass, subject by subject.

    ``vocabulary`` are the triples of the graphs of the vocabulary; ``mentions`` are terms that may be hubs; ``elsewhere`` are the first IRIs that the general rule does not serve, of
    ``elsewhere_count``; ``large`` are subjects with more than HUB statements.
    """

    graphs: Counter[bytes] = field(default_factory=Counter)
    vocabulary: list[bytes] = field(default_factory=list)
    predicates: Counter[bytes] = field(default_factory=Counter)
    classes: Counter[bytes] = field(default_factory=Counter)
    mentions: set[bytes] = field(default_factory=set)
    records: list[bytes] = field(default_factory=list)
    fragments: list[tuple[str, str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)
    elsewhere_count: int = 0
    triple_count: int = 0
    entities: int = 0

    def merge(self, other: Tally) -> None:
        """Add what was seen in the part of the source that comes next."""
        for name in ("graphs", "predicates", "classes", "mentions", "withdrawn"):
            getattr(self, name).update(getattr(other, name))
        for name in ("records", "fragments", "large", "vocabulary"):
            getattr(self, name).extend(getattr(other, name))
        self.elsewhere = [*self.elsewhere, *other.elsewhere][:_SHOWN]
        self.elsewhere_count += other.elsewhere_count
        self.triple_count += other.triple_count
        self.entities += other.entities


@dataclass(frozen=True, slots=True)
class Rebased:
    """The source under the deployment's names, as files, with what was seen on the way (:class:`Tally`).

    ``content`` is the hash of the canonical lines.
    """

    content: str
    quads: Path
    triples: Path
    records: Path
    graphs: Counter[str]
    vocabulary: tuple[bytes, ...]
    triple_count: int
    entities: int
    predicates: Counter[bytes]
    classes: Counter[bytes]
    mentions: frozenset[bytes]
    fragments: tuple[tuple[str, str], ...]
    large: tuple[str, ...]
    withdrawn: frozenset[str]
    elsewhere: tuple[str, ...]
    elsewhere_count: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the sorted source, and how many there are."""

    source: Path
    names: Names
    parts: int

    @property
    def quads(self) -> Path:
        """Return where the part's quads go."""
        return self.source.with_suffix(".quads")

    @property
    def triples(self) -> Path:
        """Return where the part's triples go."""
        return self.source.with_suffix(".triples")


def rebase(sources: Sequence[Path], names: Names, work: Path, crew: Crew, take: Callable[[bytes], None]) -> Rebased:
    """Write the rebased quads, the merged triples and the records into ``work``; return them with their statistics.

    ``sources`` hold the source's canonical N-Quads, sorted, no subject in two of them; ``take`` is given the
    triples of each as soon as they are named, while others still are.
    """
    seen, content = Tally(), hashlib.sha256()
    quads, triples, records = work / "quads.nq", work / "triples.nt", work / "records.tsv"
    parts = [Part(source, names, len(sources)) for source in sources]
    with quads.open("wb") as nq, triples.open("wb") as nt:
        for part, tally in zip(parts, crew.each(name_part, parts), strict=True):
            seen.merge(tally)
            content.update(part.source.read_bytes())
            nq.write(part.quads.read_bytes())
            merged = part.triples.read_bytes()
            nt.write(merged)
            for path in (part.source, part.quads, part.triples):
                path.unlink()
            take(merged)
    seen.records.sort()
    records.write_bytes(b"".join(seen.records))
    return Rebased(
        content=content.hexdigest(),
        quads=quads,
        triples=triples,
        records=records,
        graphs=Counter({_graph_name(term): count for term, count in seen.graphs.items()}),
        vocabulary=tuple(seen.vocabulary),
        triple_count=seen.triple_count,
        entities=seen.entities,
        predicates=seen.predicates,
        classes=seen.classes,
        mentions=frozenset(seen.mentions),
        fragments=tuple(seen.fragments),
        large=tuple(seen.large),
        withdrawn=frozenset(seen.withdrawn),
        elsewhere=tuple(seen.elsewhere),
        elsewhere_count=seen.elsewhere_count,
    )


def name_part(part: Part) -> Tally:
    """Name one part of the source: write its quads and its triples, and return what was seen."""
    source = part.source.read_bytes()
    rebaser = Rebaser(part.names)
    tally = Tally()
    text = rebaser.apply(source)
    part.quads.write_bytes(text)
    quads = text.split(b"\n")[:-1]
    cuts = [line.rfind(b" ", 0, -2) for line in quads]
    tally.graphs.update([line[cut + 1 : -2] for line, cut in zip(quads, cuts, strict=True)])
    triples = [line[:cut] for line, cut in zip(quads, cuts, strict=True)]
    ontology = f"<{part.names.base}graph/{Role.ONTOLOGY}/".encode()
    if any(graph.startswith(ontology) for graph in tally.graphs):
        starts = zip(triples, quads, cuts, strict=True)
        tally.vocabulary = [triple for triple, line, cut in starts if line.startswith(ontology, cut + 1)]
    if rebaser.injective(source):  # equal triples stand together
        own = [triple for triple, before in zip(triples, [b"", *triples], strict=False) if triple != before]
    else:
        own = list(_each_once(source.split(b"\n")[:-1], triples))
    part.triples.write_bytes(b" .\n".join([*own, b""]))
    _count(own, part, tally)
    return tally


def _each_once(canonical: Sequence[bytes], triples: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the triples of each canonical subject once."""
    pairs = zip(canonical, triples, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0][: pair[0].index(b" ")]):
        yield from dict.fromkeys(triple for _, triple in group)


def _count(triples: Sequence[bytes], part: Part, tally: Tally) -> None:
    terms = [triple.split(b" ", 2) for triple in triples]
    tally.triple_count = len(triples)
    tally.predicates.update(map(itemgetter(1), terms))
    typed = [(term[0], term[2]) for term in terms if term[1] == _TYPE]
    tally.classes.update(map(itemgetter(1), typed))
    withdrawn = {subject for subject, kind in typed if kind == _WITHDRAWAL}
    mentioned = Counter(term[2] for term in terms if term[2][0] == 60)  # <
    tally.mentions = {term for term, count in mentioned.items() if count > HUB // part.parts}
    start = 0
    for subject, group in groupby(map(itemgetter(0), terms)):
        end = start + len(list(group))
        if subject[0] == 60:
            _resource(subject[1:-1].decode(), triples[start:end], part.names, tally, withdrawn=subject in withdrawn)
        start = end


def _resource(iri: str, own: Sequence[bytes], names: Names, tally: Tally, *, withdrawn: bool) -> None:
    tally.entities += 1
    if len(own) > HUB:
        tally.large.append(iri)
    document, hash_sign, _ = iri.partition("#")
    if hash_sign:
        tally.fragments.append((document, iri))
    if names.is_vocabulary(iri):
        return
    if names.path_of(iri) is None:
        tally.elsewhere_count += 1
        if len(tally.elsewhere) < _SHOWN:
            tally.elsewhere.append(iri)
    elif withdrawn:
        tally.withdrawn.add(iri)
    else:
        digest = hashlib.sha256(b"\n".join(own)).hexdigest()[:32]
        tally.records.append(f"{iri}\t{digest}\n".encode())


def _graph_name(term: bytes) -> str:
    return term[1:-1].decode() if term.startswith(b"<") else term.decode()

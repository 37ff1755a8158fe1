"""What the lines of a source show as they pass, once: counts, vocabulary, labels, links. No line is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from solnum_ld.namespaces import LABELS, RDF_TYPE
from solnum_ld.naming import PARTS_OF_NAMES

_TYPE = b"<" + RDF_TYPE.encode() + b">"
_LABELS = frozenset(b"<" + iri.encode() + b">" for iri in (*LABELS, *PARTS_OF_NAMES))
_DESCRIBING = frozenset({"http://www.w3.org/2002/07/owl#sameAs"})


def _is_newer(line: bytes) -> bool:
    """Tell whether an object is of RDF 1.2: a triple term, or a string with a base direction."""
    rest = line.split(b" ", 2)[2]
    end = rest.rfind(b" ", 0, -2)
    return rest[:3] == b"<<(" or (rest[0] == 34 and rest[end - 5 : end] in (b"--ltr", b"--rtl"))


class Survey:
    """Collects, from N-Quads lines, what the checks, the defaults and the statistics need.

    Terms are kept as N-Quads writes them, in bytes. Sets grow with the number of resources, not of statements.
    """

    def __init__(self) -> None:
        self.quads = 0
        self.predicates: Counter[bytes] = Counter()
        self.classes: Counter[bytes] = Counter()
        self.subjects: set[bytes] = set()
        self.labelled: set[bytes] = set()
        self.objects: set[bytes] = set()
        self.blank: dict[str, int] = {}
        self.any_blank = False
        self.newer: set[str] = set()
        self.first_use: dict[bytes, str] = {}

    def take(self, lines: Sequence[bytes], file: str) -> None:
        """Look at lines of a file of data or of the vocabulary."""
        self._count(lines, file)
        parts = [line.split(b" ", 2) for line in lines]
        predicates = Counter(map(itemgetter(1), parts))
        linked = [(predicate, rest[: rest.rfind(b" ", 0, -2)]) for _, predicate, rest in parts if rest[0] == 60]  # <
        classes = Counter(target for predicate, target in linked if predicate == _TYPE)
        for known, fresh in ((self.predicates, predicates), (self.classes, classes)):
            for term in fresh.keys() - known.keys():
                self.first_use.setdefault(term, file)
            known.update(fresh)
        self.objects.update(target for predicate, target in linked if predicate != _TYPE)
        self.labelled.update(s for s, predicate, rest in parts if predicate in _LABELS and rest[0] == 34)  # "
        subjects = set(map(itemgetter(0), parts))
        if b"_" in {subject[:1] for subject in subjects}:
            self.blank[file] = self.blank.get(file, 0) + sum(line[0] == 95 for line in lines)
            subjects = {subject for subject in subjects if subject[0] == 60}
        self.subjects |= subjects

    def take_shapes(self, lines: Sequence[bytes], file: str) -> None:
        """Look at lines of a shapes graph, which count and do no more."""
        self._count(lines, file)

    def _count(self, lines: Sequence[bytes], file: str) -> None:
        self.quads += len(lines)
        self.any_blank = self.any_blank or any(b"_:" in line for line in lines)
        if any(b"<<(" in line or b"--" in line for line in lines) and any(map(_is_newer, lines)):
            self.newer.add(file)

    def merge(self, other: Survey) -> None:
        """Take what another survey has seen, of a file that comes after ours or of a later part of it."""
        self.quads += other.quads
        self.predicates.update(other.predicates)
        self.classes.update(other.classes)
        self.subjects |= other.subjects
        self.labelled |= other.labelled
        self.objects |= other.objects
        self.any_blank |= other.any_blank
        self.newer |= other.newer
        for file, count in other.blank.items():
            self.blank[file] = self.blank.get(file, 0) + count
        for term, file in other.first_use.items():
            self.first_use.setdefault(term, file)

    def common_space(self) -> str:
        """Return the longest prefix, up to a ``/``, that the IRIs of most subjects share; empty when there is none.

        It ends before ``id/``, which a deployment has in its own names: ``…/id/x`` stays ``{base}id/x``.
        Only subjects of the most frequent http(s) authority count, and they must be at least half of all.
        """
        authorities: Counter[bytes] = Counter()
        for subject in self.subjects:
            if subject.startswith((b"<http://", b"<https://")):
                authorities[b"/".join(subject[1:-1].split(b"/", 3)[:3])] += 1
        if not authorities:
            return ""
        authority, count = max(authorities.items(), key=lambda item: (item[1], item[0]))
        if 2 * count < len(self.subjects):
            return ""
        own = [
            s[1:-1].partition(b"#")[0]
            for s in self.subjects
            if s[1:-1] == authority or s.startswith(b"<" + authority + b"/")
        ]
        low, high = min(own), max(own)
        length = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
        prefix = low[:length]
        cut = prefix.rfind(b"/") + 1
        if cut <= len(authority):
            return (authority + b"/").decode()
        named = prefix.find(b"/id/", len(authority))
        return prefix[: named + 1 if named >= 0 else cut].decode()

"""What the lines of a source show as they pass, once: counts, vocabulary, labels, links. No line is kept."""

from __future__ import annotations

from collections import Counter

from solnum_ld.namespaces import LABELS, RDF_TYPE

_TYPE = b"<" + RDF_TYPE.encode() + b">"
_LABELS = frozenset(b"<" + iri.encode() + b">" for iri in LABELS)
_DESCRIBING = frozenset({"http://www.w3.org/2002/07/owl#sameAs"})


def _is_newer(rest: bytes, end: int) -> bool:
    """Tell whether an object is of RDF 1.2: a triple term, or a string with a base direction."""
    return rest[:3] == b"<<(" or (rest[end - 5 : end] in (b"--ltr", b"--rtl") and rest[end - 6] not in b' "')


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
        self.graphs: Counter[bytes] = Counter()
        self.blank: dict[str, int] = {}
        self.any_blank = False
        self.newer: set[str] = set()
        self.first_use: dict[bytes, str] = {}
        self._file = ""

    def open(self, file: str) -> None:
        """Say which file the next lines are of."""
        self._file = file

    def add(self, line: bytes, *, links: bool = True) -> None:
        """Look at one line; ``links`` tells whether its object counts as mentioned."""
        self.quads += 1
        self.any_blank |= b"_:" in line
        subject, predicate, rest = line.split(b" ", 2)
        end = rest.rfind(b" ", 0, -2)
        self.graphs[rest[end + 1 : -2]] += 1
        if predicate not in self.predicates:
            self.first_use.setdefault(predicate, self._file)
        self.predicates[predicate] += 1
        if subject[0] == 60:  # <
            self.subjects.add(subject)
        else:
            self.blank[self._file] = self.blank.get(self._file, 0) + 1
        first = rest[0]
        if first == 60:
            target = rest[:end]
            if predicate == _TYPE:
                if target not in self.classes:
                    self.first_use.setdefault(target, self._file)
                self.classes[target] += 1
            elif links:
                self.objects.add(target)
        elif first == 34 and predicate in _LABELS:  # "
            self.labelled.add(subject)
        if _is_newer(rest, end):
            self.newer.add(self._file)

    def add_shape(self, line: bytes) -> None:
        """Look at one line of a shapes graph, which counts and does no more."""
        self.quads += 1
        self.any_blank |= b"_:" in line
        rest = line.split(b" ", 2)[2]
        if _is_newer(rest, rest.rfind(b" ", 0, -2)):
            self.newer.add(self._file)

    def common_space(self) -> str:
        """Return the longest prefix, up to a ``/``, that the IRIs of most subjects share; empty when there is none.

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
        return prefix[:cut].decode()

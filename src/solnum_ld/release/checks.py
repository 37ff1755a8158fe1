"""Checks of a source beyond syntax: vocabulary, labels, dangling IRIs, blank nodes, the two schemes of schema.org.

A source that asks for it (``sn:strictSource true`` in its catalog.ttl) gets its problems one by one, as violations;
any other gets them counted, as warnings, except the mix of ``http://schema.org/`` and ``https://schema.org/``, which
makes every query lie and always stops the build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, PROV, RDF, RDFS, SDO, SKOS, VOID, DefinedNamespace

from solnum_ld.findings import Finding, Severity
from solnum_ld.namespaces import SCHEMA, SCHEMA_HTTP
from solnum_ld.release.survey import Survey

CLOSED: tuple[type[DefinedNamespace], ...] = (SDO, SKOS, DCTERMS, DCAT, FOAF, OWL, PROV, RDF, RDFS, VOID)
"""Vocabularies whose every term rdflib knows."""

NEWER: frozenset[str] = frozenset(
    str(DCAT._NS) + name
    for name in (
        "DatasetSeries first hasCurrentVersion hasVersion inSeries isVersionOf last prev previousVersion seriesMember version"
    ).split()
)
"""Terms of DCAT 3 that rdflib's list, of DCAT 2, has not."""

MAX_OF_A_RULE = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: its name, its sentence for one case, its sentence for many, and how to mend it."""

    name: str
    one: str
    many: str
    remedy: str


BLANK = Rule(
    "blank-node", "{file} holds a blank node.", "{count} blank nodes in {file}.", "Give the thing an IRI of its own."
)
LABEL = Rule(
    "label-missing",
    "{iri} has no label.",
    "{count} resources have no label, {first} for one.",
    "State rdfs:label (or schema:name, skos:prefLabel, dcterms:title) in French.",
)
DANGLING = Rule(
    "dangling-iri",
    "{iri} is mentioned but not described.",
    "{count} IRIs of the source are mentioned but not described, {first} for one.",
    "Describe it, or correct the IRI.",
)
TERM = Rule(
    "unknown-term",
    "{iri} is no term of its vocabulary.",
    "{count} terms are not of their vocabularies, {first} for one.",
    "Correct the spelling{hint}.",
)


class Checker:
    """Applies the rules to a survey. ``strict`` decides how bad a problem is and whether each is told apart."""

    def __init__(
        self,
        survey: Survey,
        *,
        strict: bool,
        space: str,
        locate: Callable[[str], tuple[str | None, int | None]],
        label: Callable[[str], str | None],
        blank: Callable[[str], int | None],
    ) -> None:
        self._survey, self._strict, self._space = survey, strict, space
        self._locate, self._label, self._blank_line = locate, label, blank

    def run(self) -> Iterator[Finding]:
        """Yield every finding."""
        yield from self._schemes()
        for file, count in sorted(self._survey.blank.items()):
            if count:
                yield self._blank(file, count)
        yield from self._report(LABEL, self._unlabelled())
        yield from self._report(DANGLING, self._dangling())
        yield from self._report(TERM, self._unknown_terms())

    def _severity(self) -> Severity:
        return Severity.VIOLATION if self._strict else Severity.WARNING

    def _blank(self, file: str, count: int) -> Finding:
        text = BLANK.one if count == 1 else BLANK.many
        message, line = text.format(file=file, count=count), self._blank_line(file)
        return Finding(self._severity(), BLANK.name, {"en": message}, BLANK.remedy, file=file, line=line)

    def _report(self, rule: Rule, iris: Iterable[str]) -> Iterator[Finding]:
        found = sorted(iris)
        if not found:
            return
        if not self._strict and len(found) > 3:
            hint = rule.remedy.format(hint="")
            yield Finding(
                self._severity(),
                rule.name,
                {"en": rule.many.format(count=len(found), first=found[0])},
                hint,
                value=found[0],
            )
            return
        for iri in found[:MAX_OF_A_RULE]:
            file, line = self._locate(iri)
            near = _suggest(iri, self._own_terms()) if rule is TERM else None
            remedy = rule.remedy.format(hint=f": did you mean {near}?" if near else "").replace("?.", "?")
            yield Finding(
                self._severity(),
                rule.name,
                {"en": rule.one.format(iri=iri)},
                remedy,
                file=file,
                line=line,
                iri=iri,
                label=self._label(iri),
                value=iri if rule is TERM else None,
            )
        if len(found) > MAX_OF_A_RULE:
            yield Finding(
                self._severity(), rule.name, {"en": f"… and {len(found) - MAX_OF_A_RULE} more of rule {rule.name}."}
            )

    def _unlabelled(self) -> Iterator[str]:
        for subject in self._survey.subjects - self._survey.labelled:
            yield subject[1:-1].decode()

    def _dangling(self) -> Iterator[str]:
        own = b"<" + self._space.encode()
        outside = tuple(own + part for part in (b"graph/", b"def/", b"shapes", b"service/"))
        documents = {s.partition(b"#")[0] + b">" for s in self._survey.subjects if b"#" in s}
        if self._space:
            for target in self._survey.objects - self._survey.subjects - documents:
                if target.startswith(own) and not target.startswith(outside):
                    yield target[1:-1].decode()

    def _own_terms(self) -> set[str]:
        own = b"<" + self._space.encode() + b"def#"
        return {s[1:-1].decode() for s in self._survey.subjects if self._space and s.startswith(own)}

    def _unknown_terms(self) -> Iterator[str]:
        own, known = f"{self._space}def#" if self._space else "", self._own_terms()
        for term in {*self._survey.predicates, *self._survey.classes}:
            iri = term[1:-1].decode()
            if (own and iri.startswith(own) and iri not in known) or not is_known(iri):
                yield iri

    def _schemes(self) -> Iterator[Finding]:
        used = {*self._survey.predicates, *self._survey.classes}
        https = sorted(t for t in used if t.startswith(b"<" + SCHEMA.encode()))
        http = sorted(t for t in used if t.startswith(b"<" + SCHEMA_HTTP.encode()))
        if not (https and http):
            return
        rarer, other = (http, SCHEMA) if len(http) <= len(https) else (https, SCHEMA_HTTP)
        for term in rarer[:MAX_OF_A_RULE]:
            iri = term[1:-1].decode()
            file, line = self._locate(iri)
            message = f"{iri} and {other} are both used: they are different terms to every client."
            yield Finding(
                Severity.VIOLATION,
                "schema-org-mix",
                {"en": message},
                f"Write {other} throughout.",
                file=file or self._survey.first_use.get(term),
                line=line,
                value=iri,
            )


def is_known(iri: str) -> bool:
    """Tell whether ``iri`` is a term of its vocabulary, or of a vocabulary that we hold no list of.

    >>> is_known("https://schema.org/name"), is_known("https://schema.org/nmae"), is_known("http://other/x")
    (True, False, True)
    """
    if iri.startswith(SCHEMA_HTTP):
        iri = SCHEMA + iri[len(SCHEMA_HTTP) :]
    if iri in NEWER:
        return True
    for vocabulary in CLOSED:
        namespace = str(vocabulary._NS)
        if iri.startswith(namespace):
            name = iri[len(namespace) :]
            return name in vocabulary or (vocabulary is RDF and name.startswith("_"))
    return True


def _suggest(iri: str, own: set[str]) -> str | None:
    names = set(own)
    probe = SCHEMA + iri[len(SCHEMA_HTTP) :] if iri.startswith(SCHEMA_HTTP) else iri
    for vocabulary in CLOSED:
        if probe.startswith(str(vocabulary._NS)):
            names = {str(term) for term in dir(vocabulary) if not str(term).startswith("_")}
            names = {term if term.startswith("http") else str(vocabulary._NS) + term for term in names}
    return next(iter(get_close_matches(probe, names, n=1, cutoff=0.8)), None)

"""The release counts itself: its statistics in VoID (W3C Interest Group Note of 2011) and its named graphs (SPARQL 1.1
Service Description), as triples computed from the release. Partitions are hash IRIs of the graph that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.manifest import Dataset
from solnum_ld.namespaces import (
    CSVW,
    DCAT,
    DCTERMS,
    FOAF,
    OWL,
    PREFIXES,
    RDF,
    RDF_TYPE,
    RDFS,
    SCHEMA,
    SD,
    SH,
    SKOS,
    VOID,
    XSD,
    shorten,
)

LINKING = (
    OWL + "sameAs",
    RDFS + "seeAlso",
    SCHEMA + "sameAs",
    *(f"{SKOS}{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related")),
)
"""Properties that say what a thing is called elsewhere: their statements make the linksets."""

TARGETS = {
    "sws.geonames.org": "GeoNames",
    "www.wikidata.org": "Wikidata",
    "id.insee.fr": "Insee",
    "rdf.insee.fr": "Insee",
    "dbpedia.org": "DBpedia",
    "data.bnf.fr": "data.bnf.fr",
}
EXAMPLES = 5
_URL, _ANY = ox.NamedNode(CSVW + "url"), ox.NamedNode(XSD + "anyURI")
_MACHINERY = (OWL, RDF, RDFS, SH, SD, VOID, DCAT)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted. ``graphs`` maps each named graph to its number of triples and where it comes from; ``classes``
    and ``properties`` say how often each is used, ``links`` how many lead by a property to an authority."""

    triples: int
    entities: int
    graphs: Mapping[str, tuple[int, str]]
    classes: Mapping[str, int]
    properties: Mapping[str, int]
    links: Mapping[tuple[str, str], int] = field(default_factory=dict)
    examples: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Return the numbers by the names that VoID gives them."""
        return {
            "triples": self.triples,
            "entities": self.entities,
            "properties": len(self.properties),
            "classes": len(self.classes),
        }


def count_links(store: ox.Store, base: str) -> dict[tuple[str, str], int]:
    """Return how many statements of each linking property lead to each authority outside ``base``."""
    found: dict[tuple[str, str], int] = {}
    for name in LINKING:
        for quad in store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph()):
            target = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            if target.startswith(("http://", "https://")) and not target.startswith(base):
                key = (name, "/".join(target.split("/", 3)[:3]) + "/")
                found[key] = found.get(key, 0) + 1
    return found


COMPUTED = "computed by the build"
"""The origin of graphs that no file of the source holds."""

_BOX = """PREFIX schema: <https://schema.org/>
PREFIX old: <http://schema.org/>
PREFIX wgs: <http://www.w3.org/2003/01/geo/wgs84_pos#>
SELECT (MIN(?x) AS ?west) (MIN(?y) AS ?south) (MAX(?x) AS ?east) (MAX(?y) AS ?north) {
  { ?place schema:latitude ?y ; schema:longitude ?x }
  UNION { ?place old:latitude ?y ; old:longitude ?x }
  UNION { ?place wgs:lat ?y ; wgs:long ?x }
  FILTER (isNumeric(?x) && isNumeric(?y) && ?x >= -180 && ?x <= 180 && ?y >= -90 && ?y <= 90)
}"""


def bounding_box(store: ox.Store) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) of the places of the data; None when they do not span an area."""
    answer = store.query(_BOX)
    assert isinstance(answer, ox.QuerySolutions)  # a SELECT
    for row in answer:
        bounds = [row[name] for name in ("west", "south", "east", "north")]
        if all(isinstance(bound, ox.Literal) for bound in bounds):
            west, south, east, north = (float(bound.value) for bound in bounds if isinstance(bound, ox.Literal))
            return (west, south, east, north) if west < east and south < north else None
    return None


def examples(store: ox.Store, classes: Mapping[str, int], names: Names) -> list[str]:
    """Return one resource of each of the most used classes: what to look at first."""
    ranked = sorted((c for c in classes if not c.startswith(_MACHINERY)), key=lambda iri: (-classes[iri], iri))
    found: dict[str, None] = {}
    for kind in ranked[: EXAMPLES * 2]:
        quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(kind), ox.DefaultGraph())
        iris = (q.subject.value for q in quads if isinstance(q.subject, ox.NamedNode))
        first = next((iri for iri in iris if names.path_of(iri) is not None and iri not in found), None)
        if first:
            found[first] = None
    return list(found)[:EXAMPLES]


def vocabularies(terms: Iterable[str]) -> list[str]:
    """Return the namespaces of terms, those of the prefix table and those that can be told from an IRI.

    >>> vocabularies(["https://schema.org/name", "http://x/y#z"])
    ['http://x/y#', 'https://schema.org/']
    """
    known = sorted(PREFIXES.values(), key=len, reverse=True)
    found = set()
    for term in terms:
        space = next((space for space in known if term.startswith(space)), None)
        cut = max(term.rfind("#"), term.rfind("/"))
        found.add(space or term[: cut + 1])
    return sorted(found - {""})


def describe_statistics(
    dataset: Dataset,
    names: Names,
    figures: Figures,
    dumps: Iterable[str],
    tables: Mapping[str, str],
    *,
    visible: bool,
) -> list[ox.Triple]:
    """Return the statements that no source can make: how much there is, of what, in which graphs, linked to what.

    ``tables`` maps the IRI of each table to the address of its file; ``visible`` tells that these statements are a named graph.
    """
    graph = f"{names.base}graph/statistics"
    made = {*_dataset(dataset, names, figures, dumps), *_graphs(dataset, names, figures)}
    made.update(_partitions(dataset, graph, figures))
    made.update(ox.Triple(ox.NamedNode(table), _URL, ox.Literal(file, datatype=_ANY)) for table, file in tables.items())
    made.update(_linksets(dataset, graph, figures))
    own = set(_graph(ox.NamedNode(graph), "statistics", 0 if visible else None, COMPUTED, dataset.iri))
    size = len(made) + len(own) if visible else None
    made.update(_graph(ox.NamedNode(graph), "statistics", size, COMPUTED, dataset.iri))
    return sorted(made, key=str)


def _dataset(dataset: Dataset, names: Names, figures: Figures, dumps: Iterable[str]) -> Iterator[ox.Triple]:
    node = ox.NamedNode(dataset.iri)
    yield _link(node, RDF_TYPE, VOID + "Dataset")
    for language, title in dataset.title.items():
        yield _text(node, RDFS + "label", title, language)
        yield _text(node, DCTERMS + "title", title, language)
    yield _link(node, VOID + "sparqlEndpoint", names.public + "sparql")
    yield _link(node, FOAF + "homepage", names.public)
    if names.space.startswith("http"):
        yield _text(node, VOID + "uriSpace", names.base)
    for name, count in figures.counts.items():
        yield _number(node, VOID + name, count)
    for address in dumps:
        yield _link(node, VOID + "dataDump", address)
    for space in vocabularies([*figures.classes, *figures.properties]):
        yield _link(node, VOID + "vocabulary", space)
    for iri in figures.examples:
        yield _link(node, VOID + "exampleResource", iri)
    service = ox.NamedNode(f"{names.base}service/sparql")
    yield _link(service, RDF_TYPE, SD + "Service")
    yield _link(service, SD + "endpoint", f"{names.public}sparql")


def _partitions(dataset: Dataset, graph: str, figures: Figures) -> Iterator[ox.Triple]:
    node = ox.NamedNode(dataset.iri)
    kinds = (
        (figures.classes, "class", VOID + "entities"),
        (figures.properties, "property", VOID + "triples"),
    )
    for counts, kind, unit in kinds:
        for iri, count in sorted(counts.items()):
            part = ox.NamedNode(f"{graph}#{kind}={quote(shorten(iri), safe=':')}")
            yield ox.Triple(node, ox.NamedNode(f"{VOID}{kind}Partition"), part)
            yield _text(part, RDFS + "label", shorten(iri))
            yield _link(part, VOID + kind, iri)
            yield _number(part, unit, count)


def _linksets(dataset: Dataset, graph: str, figures: Figures) -> Iterator[ox.Triple]:
    node = ox.NamedNode(dataset.iri)
    for (name, authority), count in sorted(figures.links.items()):
        host = authority.split("/")[2]
        links = ox.NamedNode(f"{graph}#links={quote(f'{shorten(name)}/{host}', safe=':/')}")
        target = ox.NamedNode(f"{graph}#target={quote(host, safe=':')}")
        title = TARGETS.get(host, host)
        yield ox.Triple(node, ox.NamedNode(VOID + "subset"), links)
        yield _link(links, RDF_TYPE, VOID + "Linkset")
        yield _text(links, RDFS + "label", f"{shorten(name)} → {title}")
        yield ox.Triple(links, ox.NamedNode(VOID + "subjectsTarget"), node)
        yield ox.Triple(links, ox.NamedNode(VOID + "objectsTarget"), target)
        yield _link(links, VOID + "linkPredicate", name)
        yield _number(links, VOID + "triples", count)
        yield _link(target, RDF_TYPE, VOID + "Dataset")
        yield _text(target, RDFS + "label", title)
        yield _text(target, VOID + "uriSpace", authority)


def _graphs(dataset: Dataset, names: Names, figures: Figures) -> Iterator[ox.Triple]:
    for iri, (triples, origin) in figures.graphs.items():
        yield from _graph(ox.NamedNode(iri), iri.removeprefix(f"{names.base}graph/"), triples, origin, dataset.iri)


def _graph(node: ox.NamedNode, name: str, triples: int | None, origin: str, dataset: str) -> Iterator[ox.Triple]:
    """Describe a part of the dataset; without a number of triples it is no named graph that queries see."""
    if triples is not None:
        yield _link(node, RDF_TYPE, SD + "Graph")
        yield _number(node, VOID + "triples", triples)
    yield _link(node, RDF_TYPE, VOID + "Dataset")
    yield _text(node, RDFS + "label", f"Graphe nommé « {name} »", "fr")
    yield _text(node, RDFS + "label", f"Named graph “{name}”", "en")
    yield _link(node, DCTERMS + "isPartOf", dataset)
    if origin == COMPUTED:
        yield _text(node, DCTERMS + "source", "calculé à la publication", "fr")
        yield _text(node, DCTERMS + "source", COMPUTED, "en")
    elif origin:
        yield _text(node, DCTERMS + "source", origin)


def _link(subject: ox.NamedNode, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: ox.NamedNode, predicate: str, value: str, language: str = "") -> ox.Triple:
    literal = ox.Literal(value, language=language) if language else ox.Literal(value)
    return ox.Triple(subject, ox.NamedNode(predicate), literal)


def _number(subject: ox.NamedNode, predicate: str, value: int) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.Literal(str(value), datatype=ox.NamedNode(XSD + "integer")))

"""What portals understand of a catalogue: what it says of itself, of each dataset, of files and services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, URIRef
from rdflib.namespace import Namespace
from rdflib.term import Node

from solnum_ld.doctor.answers import examine_answers
from solnum_ld.doctor.asking import Asker
from solnum_ld.doctor.graphs import shown, typed
from solnum_ld.doctor.rules import CKAN, UDATA, Outcome, Text, absent, judge, say
from solnum_ld.doctor.walking import Catalogue, broken_iris

VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
_SERIES = URIRef(str(DCAT._NS) + "DatasetSeries")  # of DCAT 3; rdflib's list is of DCAT 2
CHECKSUM = URIRef("http://spdx.org/rdf/terms#checksum")
CHECKSUM_VALUE = URIRef("http://spdx.org/rdf/terms#checksumValue")
LICENCES = frozenset(
    address.removeprefix("https://").removeprefix("http://").rstrip("/").lower()
    for address in (
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
        "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
        "https://www.etalab.gouv.fr/wp-content/uploads/2014/05/Licence_Ouverte.pdf",
        "https://github.com/etalab/Licence-Ouverte/blob/master/LO.md",
        "http://www.opendefinition.org/licenses/cc-by",
        "http://www.opendefinition.org/licenses/cc-by-sa",
        "http://www.opendefinition.org/licenses/cc-zero",
        "http://www.opendefinition.org/licenses/odc-odbl",
        "http://www.opendefinition.org/licenses/odc-by",
        "http://www.opendefinition.org/licenses/odc-pddl",
        "http://opendatacommons.org/licenses/odbl/summary",
        "http://opendatacommons.org/licenses/pddl/summary",
        "http://opendatacommons.org/licenses/by/summary",
    )
)
"""Addresses of licences that the list of data.gouv.fr has; scheme and final slash do not count."""

TITLES = frozenset({"licence ouverte / open licence version 2.0", "licence ouverte / open licence", "etalab-2.0"})


def examine_catalogue(asker: Asker, catalogue: Catalogue) -> Iterator[Outcome]:
    """Yield an outcome for every rule about the catalogue."""
    if not catalogue.found:
        yield judge("catalogue", [say("Aucun catalogue DCAT n’a été trouvé.", "No DCAT catalogue was found.")])
        return
    yield judge("catalogue", [])
    yield from examine_answers(asker, catalogue)
    graph = catalogue.merged
    datasets = typed(graph, DCAT.Dataset)
    empty = [say("Le catalogue ne contient aucun jeu de données.", "The catalogue holds no dataset.")]
    yield judge("not-empty", [] if datasets else empty)
    yield from judge_datasets(graph, datasets)
    for page in catalogue.pages[:1]:
        yield from _catalogue_node(page.graph)
    yield from _pitfalls(catalogue, graph, datasets)


def judge_datasets(graph: Graph, datasets: list[Node]) -> Iterator[Outcome]:
    """Yield an outcome for every rule about what is said of datasets and their distributions."""
    yield from _described(graph, datasets)
    yield from _distributions(graph, datasets)


def taken(graph: Graph) -> dict[str, dict[str, int]]:
    """Return what portals would take of a catalogue that they can read: datasets, resources, services."""
    datasets = typed(graph, DCAT.Dataset)
    titled = [node for node in datasets if (node, DCTERMS.title, None) in graph]
    services = [node for node in typed(graph, DCAT.DataService) if (None, DCAT.accessService, node) not in graph]
    nodes = [*titled, *services]
    names = Counter(str(value) for node in nodes for value in graph.objects(node, DCTERMS.identifier))
    known = {node for node in nodes if [names[str(value)] for value in graph.objects(node, DCTERMS.identifier)] == [1]}
    whole = [node for node in titled if node in known and not _failing_sums(graph, node)]
    by_ckan = titled if len(titled) == len(datasets) else []
    return {
        UDATA: {
            "datasets": len(whole),
            "resources": sum(len(set(_addresses(graph, node))) for node in whole),
            "services": len([node for node in services if node in known]),
        },
        CKAN: {
            "datasets": len(by_ckan),
            "resources": sum(len(_addresses(graph, node)) for node in by_ckan),
            "services": 0,
        },
    }


def _failing_sums(graph: Graph, dataset: Node) -> bool:
    sums = graph.objects(dataset, DCAT.distribution / CHECKSUM / CHECKSUM_VALUE)
    return any(isinstance(value, Literal) and value.datatype not in {None, XSD.string} for value in sums)


def _addresses(graph: Graph, dataset: Node) -> list[str]:
    """Return the address of each distribution of a dataset that has one."""
    parts = graph.objects(dataset, DCAT.distribution)
    found = (graph.value(part, DCAT.downloadURL) or graph.value(part, DCAT.accessURL) for part in parts)
    return [str(address) for address in found if address is not None]


def _described(graph: Graph, datasets: list[Node]) -> Iterator[Outcome]:
    untitled = [node for node in datasets if (node, DCTERMS.title, None) not in graph]
    yield judge("stub", (say(f"{shown(node)} n’a pas de titre.", f"{shown(node)} has no title.") for node in untitled))
    whole = [node for node in datasets if node not in untitled]
    yield judge("identifier", _identifiers(graph, whole))
    bare = [node for node in whole if (node, DCTERMS.description, None) not in graph]
    yield judge(
        "description",
        (say(f"{shown(node)} n’a pas de description.", f"{shown(node)} has no description.") for node in bare),
    )
    yield judge("publisher", _publishers(graph, whole))
    yield judge("contact-point", _contacts(graph, whole))
    yield judge("french", _french(graph, whole))
    yield judge("licence", _licences(graph, whole))
    future = [
        node
        for node in (*whole, *typed(graph, DCAT.Distribution))
        for date in _dates(graph, node)
        if not _is_past(date)
    ]
    yield judge(
        "dates",
        (
            say(f"{shown(node)} : date future ou illisible.", f"{shown(node)}: date in the future or unreadable.")
            for node in future
        ),
    )
    lost = [node for node in whole if (node, DCAT.landingPage, None) not in graph]
    yield judge(
        "landing-page",
        (say(f"{shown(node)} n’a pas de landingPage.", f"{shown(node)} has no landingPage.") for node in lost),
    )


def _identifiers(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    nodes = [*datasets, *typed(graph, _SERIES, DCAT.DataService)]
    counts: Counter[str] = Counter()
    for node in nodes:
        values = sorted({str(value) for value in graph.objects(node, DCTERMS.identifier)})
        counts.update(values)
        if len(values) != 1:
            yield say(
                f"{shown(node)} a {len(values)} dct:identifier.", f"{shown(node)} has {len(values)} dct:identifier."
            )
        elif isinstance(node, URIRef) and values[0] != str(node):
            yield say(f"{shown(node)} s’identifie comme « {values[0]} ».", f"{shown(node)} calls itself “{values[0]}”.")
    for value, count in counts.items():
        if count > 1:
            yield say(f"« {value} » identifie {count} nœuds.", f"“{value}” identifies {count} nodes.")


def _publishers(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        agents = list(graph.objects(node, DCTERMS.publisher))
        if not any((agent, FOAF.name, None) in graph for agent in agents):
            yield say(f"{shown(node)} : producteur sans nom.", f"{shown(node)}: publisher without a name.")


def _contacts(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        contacts = list(graph.objects(node, DCAT.contactPoint))
        if not any(
            (contact, VCARD.fn, None) in graph and (contact, VCARD.hasEmail, None) in graph for contact in contacts
        ):
            yield say(
                f"{shown(node)} : pas de contact avec nom et adresse.",
                f"{shown(node)}: no contact with a name and an address.",
            )


def _french(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        for predicate in (DCTERMS.title, DCTERMS.description):
            languages = {value.language for value in graph.objects(node, predicate) if isinstance(value, Literal)}
            if len(languages) > 1 and not any((tag or "").startswith("fr") for tag in languages):
                name = predicate.rpartition("/")[2]
                yield say(f"{shown(node)} : pas de dct:{name} en français.", f"{shown(node)}: no dct:{name} in French.")


def _licences(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        parts = [node, *graph.objects(node, DCAT.distribution)]
        found = sorted({licence for part in parts for licence in graph.objects(part, DCTERMS.license)}, key=str)
        if not any(_is_known(graph, licence) for licence in found):
            said = f"« {found[0]} »" if found else "∅"
            yield say(f"{shown(node)} : licence {said} inconnue.", f"{shown(node)}: licence {said} unknown.")


def _is_known(graph: Graph, licence: Node) -> bool:
    texts = [str(licence), *(str(title) for title in graph.objects(licence, DCTERMS.title))]
    bare = [text.removeprefix("https://").removeprefix("http://").rstrip("/").lower() for text in texts]
    return any(text in LICENCES or text in TITLES for text in bare)


def _dates(graph: Graph, node: Node) -> list[Node]:
    return [value for predicate in (DCTERMS.issued, DCTERMS.modified) for value in graph.objects(node, predicate)]


def _is_past(value: Node) -> bool:
    text = str(value)
    try:
        moment = datetime.fromisoformat(text + "-01" * max(0, 2 - text.count("-")) if len(text) < 10 else text)
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= datetime.now(UTC)


def _catalogue_node(graph: Graph) -> Iterator[Outcome]:
    nodes = typed(graph, DCAT.Catalog)
    if not nodes:
        yield judge("catalogue-described", [say("Pas de dcat:Catalog.", "No dcat:Catalog.")])
        return
    wanted = {"title": DCTERMS.title, "description": DCTERMS.description, "publisher": DCTERMS.publisher}
    missing = [name for name, predicate in wanted.items() if (nodes[0], predicate, None) not in graph]
    yield judge(
        "catalogue-described",
        (say(f"{shown(nodes[0])} : pas de dct:{name}.", f"{shown(nodes[0])}: no dct:{name}.") for name in missing),
    )


def _distributions(graph: Graph, datasets: list[Node]) -> Iterator[Outcome]:
    all_of = {node: sorted(graph.objects(node, DCAT.distribution), key=str) for node in datasets}
    parts = sorted({part for found in all_of.values() for part in found}, key=str)
    names = ("access-url", "download-urls", "distribution-iris", "format-labels", "licence-of-distributions")
    if not parts:
        for name in names:
            yield absent(name, "Il n’y a pas de distribution.", "There is no distribution.")
        return
    lost = [part for part in parts if (part, DCAT.accessURL, None) not in graph]
    yield judge(
        "access-url", (say(f"{shown(part)} n’a pas d’accessURL.", f"{shown(part)} has no accessURL.") for part in lost)
    )
    yield judge("download-urls", _same_addresses(graph, all_of))
    blank = [part for part in parts if isinstance(part, BNode)]
    yield judge(
        "distribution-iris",
        [say(f"{len(blank)} distributions sans IRI.", f"{len(blank)} distributions without an IRI.")] if blank else [],
    )
    mute = {value for part in parts for name in (DCTERMS.format, DCAT.mediaType) for value in graph.objects(part, name) if isinstance(value, URIRef) and (value, RDFS.label, None) not in graph}  # fmt: skip
    yield judge(
        "format-labels", (say(f"<{value}> n’a pas de libellé.", f"<{value}> has no label.") for value in sorted(mute))
    )
    free = [part for part in parts if (part, DCTERMS.license, None) not in graph]
    yield judge(
        "licence-of-distributions",
        (say(f"{shown(part)} est sans licence.", f"{shown(part)} has no licence.") for part in free),
    )


def _same_addresses(graph: Graph, distributions: dict[Node, list[Node]]) -> Iterator[Text]:
    for node, parts in distributions.items():
        addresses = [str(graph.value(part, DCAT.downloadURL) or graph.value(part, DCAT.accessURL)) for part in parts]
        for address, count in Counter(addresses).items():
            if count > 1:
                yield say(
                    f"{shown(node)} : {count} distributions à {address}.",
                    f"{shown(node)}: {count} distributions at {address}.",
                )


def _pitfalls(catalogue: Catalogue, graph: Graph, datasets: list[Node]) -> Iterator[Outcome]:
    sums = [
        value
        for value in graph.objects(None, CHECKSUM_VALUE)
        if isinstance(value, Literal) and value.datatype not in {None, XSD.string}
    ]
    yield judge(
        "checksum",
        (
            say(f"spdx:checksumValue de type {value.datatype}.", f"spdx:checksumValue of type {value.datatype}.")
            for value in sums
        ),
    )
    services = {
        service for service in graph.objects(None, DCAT.accessService) if (service, RDF.type, DCAT.DataService) in graph
    }
    yield judge(
        "access-service",
        (
            say(f"{shown(service)} est un accessService.", f"{shown(service)} is an accessService.")
            for service in sorted(services, key=str)
        ),
    )
    periods = [
        value for node in datasets for value in graph.objects(node, DCTERMS.temporal) if isinstance(value, URIRef)
    ]
    yield judge("temporal", (say(f"dct:temporal <{value}>", f"dct:temporal <{value}>") for value in periods))
    themes = {
        value
        for node in datasets
        for value in graph.objects(node, DCAT.theme)
        if (value, SKOS.prefLabel, None) not in graph
    }
    yield judge(
        "theme-labels",
        (
            say(f"{shown(value)} n’a pas de prefLabel.", f"{shown(value)} has no prefLabel.")
            for value in sorted(themes, key=str)
        ),
    )
    coded = {value for predicate in (DCTERMS.license, DCTERMS.accrualPeriodicity) for value in graph.objects(None, predicate) if (value, RDFS.label, None) in graph}  # fmt: skip
    yield judge(
        "labels-of-codes",
        (
            say(f"{shown(value)} a un rdfs:label.", f"{shown(value)} has an rdfs:label.")
            for value in sorted(coded, key=str)
        ),
    )
    misread = [
        (node, name) for node in datasets for name in ("conformsTo", "hasPart") if (node, DCTERMS[name], None) in graph
    ]
    yield judge("schemas", (say(f"{shown(node)} : dct:{name}", f"{shown(node)}: dct:{name}") for node, name in misread))
    broken = [iri for page in catalogue.pages for iri in broken_iris(page.graph)]
    yield judge("valid-iris", (say(f"« {iri} »", f"“{iri}”") for iri in broken))
    yield judge("services", _services(graph))


def _services(graph: Graph) -> Iterator[Text]:
    for service in typed(graph, DCAT.DataService):
        needed = {
            "dct:title": DCTERMS.title,
            "dcat:endpointURL": DCAT.endpointURL,
            "dcat:servesDataset": DCAT.servesDataset,
        }
        missing = [name for name, predicate in needed.items() if (service, predicate, None) not in graph]
        if missing:
            yield say(f"{shown(service)} : pas de {', '.join(missing)}.", f"{shown(service)}: no {', '.join(missing)}.")

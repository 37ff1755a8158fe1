"""What portals understand of a catalogue: how it answers, how it is paged, what it says of each dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, URIRef
from rdflib.namespace import Namespace
from rdflib.term import Node

from solnum_ld.doctor.asking import Asker, is_address
from solnum_ld.doctor.rules import Outcome, Text, absent, judge, say
from solnum_ld.doctor.walking import HYDRA, NOWHERE, PARSERS, Catalogue, broken_iris, next_page, read_page, suffix_of

VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
UDATA_BYTES = 15 * 1024 * 1024
_SERIES = URIRef(str(DCAT._NS) + "DatasetSeries")  # of DCAT 3; rdflib's list is of DCAT 2
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
    yield from _transport(asker, catalogue)
    yield from _paging(catalogue)
    yield judge("formats", _formats(asker, catalogue))
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


def typed(graph: Graph, *kinds: URIRef) -> list[Node]:
    """Return the nodes of these types, in order."""
    return sorted({node for kind in kinds for node in graph.subjects(RDF.type, kind)}, key=str)


def _transport(asker: Asker, catalogue: Catalogue) -> Iterator[Outcome]:
    url, plain, head = catalogue.found, catalogue.plain, catalogue.head
    yield judge(
        "head",
        [] if head.ok or 300 <= head.status < 400 else [say(f"HEAD {url} : {head.said}", f"HEAD {url}: {head.said}")],
    )
    moved = [url] if 300 <= plain.status < 400 else []
    moved += [page.reply.via[0] for page in catalogue.pages[1:] if page.reply.via]
    yield judge("redirect", (say(f"{at} redirige.", f"{at} redirects.") for at in moved))
    settled = plain if plain.ok else catalogue.pages[0].reply
    html = settled.kind in {"text/html", "application/xhtml+xml"}
    yield judge(
        "any-media-type",
        [say(f"{url} donne {settled.kind} pour */*.", f"{url} gives {settled.kind} for */*.")] if html else [],
    )
    odd = [page.reply for page in catalogue.pages if page.reply.ok and page.reply.kind not in PARSERS]
    yield judge(
        "media-type",
        (say(f"{r.url} : Content-Type « {r.kind or '∅'} »", f"{r.url}: Content-Type “{r.kind or '∅'}”") for r in odd),
    )
    bare = [
        page.reply
        for page in catalogue.pages
        if page.reply.kind.startswith("text/") and page.reply.charset not in {"utf-8", "utf8"}
    ]
    yield judge(
        "charset",
        (say(f"{r.url} : {r.headers.get('content-type')}", f"{r.url}: {r.headers.get('content-type')}") for r in bare),
    )
    yield judge(
        "well-formed",
        (say(f"{p.reply.url} : {p.fault}", f"{p.reply.url}: {p.fault}") for p in catalogue.pages if p.fault),
    )
    yield judge(
        "remote-context",
        (
            say(f"contexte {p.remote_context}", f"context {p.remote_context}")
            for p in catalogue.pages
            if p.remote_context
        ),
    )
    yield judge(
        "absolute-iris", (say(f"<{iri}> est relatif.", f"<{iri}> is relative.") for iri in _relative(catalogue))
    )
    yield judge("size", _sizes(catalogue))
    open_to_all = settled.headers.get("access-control-allow-origin") == "*"
    yield judge(
        "cors",
        []
        if open_to_all
        else [say(f"{url} : pas d’Access-Control-Allow-Origin.", f"{url}: no Access-Control-Allow-Origin.")],
    )
    yield judge("vary", _vary(asker, catalogue))


def _relative(catalogue: Catalogue) -> list[str]:
    terms = {
        str(term) for page in catalogue.pages for triple in page.graph for term in triple if isinstance(term, URIRef)
    }
    return sorted(term[len(NOWHERE) :] or "" for term in terms if term.startswith(NOWHERE))


def _sizes(catalogue: Catalogue) -> Iterator[Text]:
    total = sum(len(page.reply.body) for page in catalogue.pages)
    if total > UDATA_BYTES:
        yield say(f"Le catalogue pèse {total // 1_000_000} Mo.", f"The catalogue weighs {total // 1_000_000} MB.")
    for page in catalogue.pages:
        if page.reply.error.startswith("more than"):
            yield say(f"{page.reply.url} : {page.reply.error}", f"{page.reply.url}: {page.reply.error}")


def _vary(asker: Asker, catalogue: Catalogue) -> Iterator[Text]:
    if suffix_of(catalogue.found):
        return
    other = asker.ask(catalogue.found, accept="application/rdf+xml", follow=True)
    plain = catalogue.pages[0].reply
    varies = "accept" in {field.strip().lower() for field in plain.headers.get("vary", "").split(",")}
    if other.ok and other.kind != plain.kind and not varies:
        yield say(
            f"{catalogue.found} négocie sans Vary: Accept.", f"{catalogue.found} negotiates without Vary: Accept."
        )


def _paging(catalogue: Catalogue) -> Iterator[Outcome]:
    first = catalogue.pages[0]
    if next_page(first.graph) is None and (None, RDF.type, HYDRA.PartialCollectionView) not in first.graph:
        yield absent("paging", "Le catalogue n’a qu’une page.", "The catalogue is one page.")
        yield absent("total-items", "Le catalogue n’a qu’une page.", "The catalogue is one page.")
        yield absent("self-contained", "Le catalogue n’a qu’une page.", "The catalogue is one page.")
        return
    yield judge("paging", _page_faults(catalogue))
    yield judge("self-contained", _torn(catalogue))
    without = [page.reply.url for page in catalogue.pages if (None, HYDRA.totalItems, None) not in page.graph]
    yield judge(
        "total-items", (say(f"{url} : pas de hydra:totalItems.", f"{url}: no hydra:totalItems.") for url in without)
    )


def _torn(catalogue: Catalogue) -> Iterator[Text]:
    """Yield what the datasets of a page mention and another page describes."""
    whole = catalogue.merged
    for page in catalogue.pages:
        for node in typed(page.graph, DCAT.Dataset):
            for predicate in (DCTERMS.publisher, DCAT.contactPoint, DCAT.distribution):
                for value in page.graph.objects(node, predicate):
                    if (value, None, None) in whole and (value, None, None) not in page.graph:
                        yield say(
                            f"{_of(value)} n’est pas décrit sur {page.reply.url}.",
                            f"{_of(value)} is not described on {page.reply.url}.",
                        )


def _formats(asker: Asker, catalogue: Catalogue) -> Iterator[Text]:
    """Yield how the catalogue differs at the addresses with a suffix beside it."""
    first = catalogue.pages[0]
    stem = catalogue.found.partition("?")[0]
    stem = stem.rpartition(".")[0] if suffix_of(catalogue.found) else stem
    for suffix in ("ttl", "jsonld", "rdf", "nt"):
        address = f"{stem}.{suffix}"
        page = read_page(asker, address)
        if address == catalogue.found or page.reply.status == 404 or stem.endswith("/"):
            continue
        head = asker.ask(address, "HEAD")
        if not page.read or not head.ok:
            said = page.fault or page.remote_context or (head.said if page.reply.ok else page.reply.said)
            yield say(f"{address} : {said}", f"{address}: {said}")
        elif first.read and len(page.graph) != len(first.graph):
            yield say(
                f"{address} : {len(page.graph)} triplets, non {len(first.graph)}.",
                f"{address}: {len(page.graph)} triples, not {len(first.graph)}.",
            )


def _page_faults(catalogue: Catalogue) -> Iterator[Text]:
    if catalogue.astray:
        yield say(f"hydra:next mène à « {catalogue.astray} ».", f"hydra:next leads to “{catalogue.astray}”.")
    if catalogue.repeated:
        yield say(f"hydra:next revient à {catalogue.repeated}.", f"hydra:next leads back to {catalogue.repeated}.")
    if catalogue.cut:
        yield say(f"Plus de {len(catalogue.pages)} pages : arrêt.", f"More than {len(catalogue.pages)} pages: stopped.")
    host = urlsplit(catalogue.found)[:2]
    for page in catalogue.pages[1:]:
        if urlsplit(page.reply.url)[:2] != host:
            yield say(f"{page.reply.url} est sur un autre hôte.", f"{page.reply.url} is on another host.")
        if not page.reply.ok:
            yield say(f"{page.reply.url} : {page.reply.said}", f"{page.reply.url}: {page.reply.said}")
        elif page.reply.kind != catalogue.pages[0].reply.kind:
            yield say(f"{page.reply.url} change de format.", f"{page.reply.url} changes the format.")


def _described(graph: Graph, datasets: list[Node]) -> Iterator[Outcome]:
    untitled = [node for node in datasets if (node, DCTERMS.title, None) not in graph]
    yield judge("stub", (say(f"{_of(node)} n’a pas de titre.", f"{_of(node)} has no title.") for node in untitled))
    whole = [node for node in datasets if node not in untitled]
    yield judge("identifier", _identifiers(graph, whole))
    bare = [node for node in whole if (node, DCTERMS.description, None) not in graph]
    yield judge(
        "description",
        (say(f"{_of(node)} n’a pas de description.", f"{_of(node)} has no description.") for node in bare),
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
            say(f"{_of(node)} : date future ou illisible.", f"{_of(node)}: date in the future or unreadable.")
            for node in future
        ),
    )
    lost = [node for node in whole if (node, DCAT.landingPage, None) not in graph]
    yield judge(
        "landing-page",
        (say(f"{_of(node)} n’a pas de landingPage.", f"{_of(node)} has no landingPage.") for node in lost),
    )


def _identifiers(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    nodes = [*datasets, *typed(graph, _SERIES, DCAT.DataService)]
    counts: Counter[str] = Counter()
    for node in nodes:
        values = sorted({str(value) for value in graph.objects(node, DCTERMS.identifier)})
        counts.update(values)
        if len(values) != 1:
            yield say(f"{_of(node)} a {len(values)} dct:identifier.", f"{_of(node)} has {len(values)} dct:identifier.")
        elif isinstance(node, URIRef) and values[0] != str(node):
            yield say(f"{_of(node)} s’identifie comme « {values[0]} ».", f"{_of(node)} calls itself “{values[0]}”.")
    for value, count in counts.items():
        if count > 1:
            yield say(f"« {value} » identifie {count} nœuds.", f"“{value}” identifies {count} nodes.")


def _publishers(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        agents = list(graph.objects(node, DCTERMS.publisher))
        if not any((agent, FOAF.name, None) in graph for agent in agents):
            yield say(f"{_of(node)} : producteur sans nom.", f"{_of(node)}: publisher without a name.")


def _contacts(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        contacts = list(graph.objects(node, DCAT.contactPoint))
        if not any(
            (contact, VCARD.fn, None) in graph and (contact, VCARD.hasEmail, None) in graph for contact in contacts
        ):
            yield say(
                f"{_of(node)} : pas de contact avec nom et adresse.",
                f"{_of(node)}: no contact with a name and an address.",
            )


def _french(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        for predicate in (DCTERMS.title, DCTERMS.description):
            languages = {value.language for value in graph.objects(node, predicate) if isinstance(value, Literal)}
            if len(languages) > 1 and not any((tag or "").startswith("fr") for tag in languages):
                name = predicate.rpartition("/")[2]
                yield say(f"{_of(node)} : pas de dct:{name} en français.", f"{_of(node)}: no dct:{name} in French.")


def _licences(graph: Graph, datasets: list[Node]) -> Iterator[Text]:
    for node in datasets:
        parts = [node, *graph.objects(node, DCAT.distribution)]
        found = sorted({licence for part in parts for licence in graph.objects(part, DCTERMS.license)}, key=str)
        if not any(_is_known(graph, licence) for licence in found):
            said = f"« {found[0]} »" if found else "∅"
            yield say(f"{_of(node)} : licence {said} inconnue.", f"{_of(node)}: licence {said} unknown.")


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
        (say(f"{_of(nodes[0])} : pas de dct:{name}.", f"{_of(nodes[0])}: no dct:{name}.") for name in missing),
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
        "access-url", (say(f"{_of(part)} n’a pas d’accessURL.", f"{_of(part)} has no accessURL.") for part in lost)
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
        (say(f"{_of(part)} est sans licence.", f"{_of(part)} has no licence.") for part in free),
    )


def _same_addresses(graph: Graph, distributions: dict[Node, list[Node]]) -> Iterator[Text]:
    for node, parts in distributions.items():
        addresses = [str(graph.value(part, DCAT.downloadURL) or graph.value(part, DCAT.accessURL)) for part in parts]
        for address, count in Counter(addresses).items():
            if count > 1:
                yield say(
                    f"{_of(node)} : {count} distributions à {address}.",
                    f"{_of(node)}: {count} distributions at {address}.",
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
            say(f"{_of(service)} est un accessService.", f"{_of(service)} is an accessService.")
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
            say(f"{_of(value)} n’a pas de prefLabel.", f"{_of(value)} has no prefLabel.")
            for value in sorted(themes, key=str)
        ),
    )
    coded = {value for predicate in (DCTERMS.license, DCTERMS.accrualPeriodicity) for value in graph.objects(None, predicate) if (value, RDFS.label, None) in graph}  # fmt: skip
    yield judge(
        "labels-of-codes",
        (say(f"{_of(value)} a un rdfs:label.", f"{_of(value)} has an rdfs:label.") for value in sorted(coded, key=str)),
    )
    misread = [
        (node, name) for node in datasets for name in ("conformsTo", "hasPart") if (node, DCTERMS[name], None) in graph
    ]
    yield judge("schemas", (say(f"{_of(node)} : dct:{name}", f"{_of(node)}: dct:{name}") for node, name in misread))
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
            yield say(f"{_of(service)} : pas de {', '.join(missing)}.", f"{_of(service)}: no {', '.join(missing)}.")


def _of(node: Node) -> str:
    """Return a node as it stands in a sentence."""
    return f"<{node}>" if isinstance(node, URIRef) else f"_:{node}"


def addresses_of(graph: Graph, predicate: URIRef, nodes: Iterable[Node] | None = None) -> list[str]:
    """Return the http(s) addresses that are values of a property, in order."""
    found = graph.objects(None, predicate) if nodes is None else (v for n in nodes for v in graph.objects(n, predicate))
    return sorted({str(value) for value in found if is_address(str(value))})

"""How a catalogue answers: what portals meet before they understand a word of it, and how its pages hang together."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from rdflib import DCAT, DCTERMS, RDF, URIRef

from solnum_ld.doctor.asking import Asker
from solnum_ld.doctor.graphs import shown, typed
from solnum_ld.doctor.rules import Outcome, Text, absent, judge, say
from solnum_ld.doctor.walking import HYDRA, NOWHERE, PARSERS, Catalogue, next_page, read_page, suffix_of

UDATA_BYTES = 15 * 1024 * 1024


def examine_answers(asker: Asker, catalogue: Catalogue) -> Iterator[Outcome]:
    """Yield an outcome for every rule about how the catalogue answers, in one page or in many, in one format or another."""
    yield from _transport(asker, catalogue)
    yield from _paging(catalogue)
    yield judge("formats", _formats(asker, catalogue))


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
                            f"{shown(value)} n’est pas décrit sur {page.reply.url}.",
                            f"{shown(value)} is not described on {page.reply.url}.",
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

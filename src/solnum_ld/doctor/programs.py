"""What programs meet: the SPARQL endpoint as Comunica asks it, VoID as crawlers look for it (SPARQL 1.1 Protocol; VoID, 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode, urljoin

from rdflib import RDF, VOID, Namespace

from solnum_ld.doctor.asking import Asker, Reply
from solnum_ld.doctor.rules import Outcome, Text, absent, judge, say
from solnum_ld.doctor.walking import ANY_RDF, PARSERS, parse

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
COMUNICA_ACCEPT = "application/sparql-results+json;q=1.0, application/sparql-results+xml;q=0.7, text/turtle;q=0.5"
_NAMES = ("sparql-query", "sparql-errors", "sparql-description")


def examine_endpoint(asker: Asker, address: str) -> Iterator[Outcome]:
    """Yield outcomes about the SPARQL endpoint at ``address``."""
    got = asker.ask(f"{address}?{urlencode({'query': 'ASK {}'})}", accept=COMUNICA_ACCEPT, follow=True)
    if got.status == 404:
        for name in _NAMES:
            yield absent(name, f"Pas de service SPARQL à {address}.", f"No SPARQL endpoint at {address}.")
        return
    yield judge("sparql-query", _answers(asker, address, got))
    wrong = asker.ask(f"{address}?{urlencode({'query': 'SELECT'})}", accept=COMUNICA_ACCEPT, follow=True)
    yield judge(
        "sparql-errors",
        [] if wrong.status == 400 else [say(f"{wrong.said} pour « SELECT »", f"{wrong.said} for “SELECT”")],
    )
    reply = asker.ask(address, accept=ANY_RDF, follow=True)
    known = (
        reply.ok and reply.kind in PARSERS and (None, RDF.type, SD.Service) in parse(reply, PARSERS[reply.kind]).graph
    )
    yield judge(
        "sparql-description",
        [] if known else [say(f"{address} : {reply.said}, {reply.kind}", f"{address}: {reply.said}, {reply.kind}")],
    )


def _answers(asker: Asker, address: str, got: Reply) -> Iterator[Text]:
    posted = asker.ask(address, "POST", accept=COMUNICA_ACCEPT, form={"query": "ASK {}"})
    for method, reply in (("GET", got), ("POST", posted)):
        if not _is_true(reply):
            yield say(f"{method} {address} : {reply.said}", f"{method} {address}: {reply.said}")
    if got.ok and got.header("access-control-allow-origin") != "*":
        yield say(f"{address} : pas d’Access-Control-Allow-Origin.", f"{address}: no Access-Control-Allow-Origin.")


def _is_true(reply: Reply) -> bool:
    if not reply.ok:
        return False
    if reply.kind == "application/sparql-results+json":
        try:
            return json.loads(reply.body).get("boolean") is True
        except (ValueError, AttributeError, RecursionError):
            return False
    return reply.kind == "application/sparql-results+xml" and b"<boolean>true</boolean>" in reply.body


def examine_void(asker: Asker, base: str) -> Iterator[Outcome]:
    """Yield the outcome about the VoID description where crawlers look for it."""
    address = urljoin(base, "/.well-known/void")
    reply = asker.ask(address, accept=ANY_RDF, follow=True)
    known = (
        reply.ok and reply.kind in PARSERS and (None, RDF.type, VOID.Dataset) in parse(reply, PARSERS[reply.kind]).graph
    )
    yield judge(
        "void",
        []
        if known
        else [say(f"{address} : {reply.said}, {reply.kind or '∅'}", f"{address}: {reply.said}, {reply.kind or '∅'}")],
    )

"""The examination: every rule, against one deployment, in one visit; and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from rdflib import DCAT, Graph

from solnum_ld.doctor.asking import Asker, is_address
from solnum_ld.doctor.catalogue import examine_catalogue, taken
from solnum_ld.doctor.files import examine_files, examine_names, examine_pages
from solnum_ld.doctor.graphs import addresses_of
from solnum_ld.doctor.programs import examine_endpoint, examine_void
from solnum_ld.doctor.records import examine_records
from solnum_ld.doctor.rules import Outcome, Verdict
from solnum_ld.doctor.walking import find_catalogue
from solnum_ld.errors import SettingsError, Unreachable

MOST_PAGES = 100
STOPPING = frozenset("catalogue head redirect any-media-type media-type well-formed remote-context size".split())
"""Rules whose breach keeps a portal from reading anything."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a visit found: the address, the catalogue, the outcomes in order, the number of requests."""

    url: str
    catalogue: str
    outcomes: tuple[Outcome, ...]
    requests: int
    readable: dict[str, dict[str, int]]

    @property
    def takes(self) -> dict[str, dict[str, int]]:
        """Return how much of the catalogue portals would take; nothing where they cannot read it."""
        stopped = {
            o.rule.name: o.rule.clients for o in self.outcomes if o.verdict is Verdict.LOSS and o.rule.name in STOPPING
        }
        return {
            client: dict.fromkeys(numbers, 0) if any(client in clients for clients in stopped.values()) else numbers
            for client, numbers in self.readable.items()
        }

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rules have each verdict."""
        return {str(verdict): sum(o.verdict is verdict for o in self.outcomes) for verdict in Verdict}

    @property
    def healthy(self) -> bool:
        """Tell whether no client loses anything for sure."""
        return not any(outcome.verdict is Verdict.LOSS for outcome in self.outcomes)

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "url": self.url,
            "catalogue": self.catalogue,
            "healthy": self.healthy,
            "counts": self.counts,
            "requests": self.requests,
            "takes": self.takes,
            "rules": [outcome.as_dict() for outcome in self.outcomes],
        }


def examine(
    url: str,
    *,
    catalogue: str = "",
    oai: str = "",
    sparql: str = "",
    seconds: float = 30.0,
    most_pages: int = MOST_PAGES,
) -> Report:
    """Visit the deployment at ``url`` and return the report; raise SettingsError for what is no address, and Unreachable
    where nothing answers.

    ``catalogue``, ``oai`` and ``sparql`` name what is not at its usual place.
    """
    for address in filter(None, (url, catalogue, oai, sparql)):
        if not is_address(address):
            raise SettingsError(f"{address!r} is not an http or https address.")
    if not urlsplit(url).path:
        url += "/"
    with Asker(seconds) as asker:
        found = find_catalogue(asker, catalogue or url, most_pages, named=bool(catalogue))
        if not asker.answered:
            raise Unreachable(f"{url} does not answer: {asker.ask(url).said}.")
        graph = found.merged
        outcomes = tuple(_outcomes(asker, url, found_graph=graph, oai=oai, sparql=sparql))
        return Report(url, found.found, (*examine_catalogue(asker, found), *outcomes), asker.asked, taken(graph))


def _outcomes(asker: Asker, url: str, *, found_graph: Graph, oai: str, sparql: str) -> Iterator[Outcome]:
    below = url if url.endswith("/") else url.rpartition("/")[0] + "/"
    if found_graph:
        yield from examine_files(asker, found_graph)
        yield from examine_names(asker, found_graph)
        yield from examine_pages(asker, found_graph, below)
    yield from examine_records(asker, oai or urljoin(below, "oai"))
    named = addresses_of(found_graph, DCAT.endpointURL)
    usual = urljoin(below, "sparql")
    yield from examine_endpoint(asker, sparql or next((one for one in named if "sparql" in one.lower()), usual))
    yield from examine_void(asker, below)

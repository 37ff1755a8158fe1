"""A SPARQL query as a value: its text, its form and its dataset, seen once (SPARQL 1.1 Query, 13 and 16)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from solnum_ld.errors import MalformedQuery, RequestRefused
from solnum_ld.mediatypes import GRAPH_FORMATS, RESULT_FORMATS, Format
from solnum_ld.sparql.grammar import undeclared
from solnum_ld.sparql.scan import MAX_CLAUSES, Scan, rewrite_iris, without
from solnum_ld.sparql.shapes import look


class QueryForm(StrEnum):
    """What a query asks for; it decides which formats are offered."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"


OFFERS: dict[QueryForm, tuple[Format, ...]] = {
    QueryForm.SELECT: RESULT_FORMATS,
    QueryForm.ASK: RESULT_FORMATS,
    QueryForm.CONSTRUCT: GRAPH_FORMATS,
    QueryForm.DESCRIBE: GRAPH_FORMATS,
}


@dataclass(frozen=True, slots=True)
class SparqlQuery:
    """A query that has a form; its syntax is checked where it is evaluated.

    ``text`` has no dataset clauses. ``default_graphs`` and ``named_graphs`` are written as the query or the protocol gives
    them: ``<IRI>`` or a name with a prefix of ``prologue``; both empty: the service's own dataset. ``changing`` tells that
    two evaluations may differ. ``described`` are the resources of DESCRIBE as they are written.
    """

    text: str
    form: QueryForm
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    prologue: str = ""
    changing: bool = False
    described: tuple[str, ...] = ()
    pattern: str = ""

    @property
    def offers(self) -> tuple[Format, ...]:
        """Return the formats in which the answer can be had."""
        return OFFERS[self.form]

    def selecting_described(self) -> SparqlQuery:
        """Return the SELECT whose solutions name the resources that this DESCRIBE is about (SPARQL 1.1 Query, 16.4).

        >>> parse_query("DESCRIBE <http://a> ?x WHERE { ?x ?p 1 }").selecting_described().text
        'SELECT DISTINCT (<http://a> AS ?described_0) ?x WHERE { ?x ?p 1 }'
        """
        names = [
            target if target[0] in "?$" else f"({target} AS ?described_{number})"
            for number, target in enumerate(dict.fromkeys(self.described))
        ]
        wanted = " ".join(names) or "*"
        text = f"{self.prologue}SELECT DISTINCT {wanted} {self.pattern or '{}'}"
        return replace(self, text=text, form=QueryForm.SELECT, described=())


def parse_query(text: str, default_graphs: tuple[str, ...] = (), named_graphs: tuple[str, ...] = ()) -> SparqlQuery:
    """Return the query with its form and its dataset; that of the protocol goes before that of the text (Protocol, 2.1.4).

    ``default_graphs`` and ``named_graphs`` are absolute IRIs. Raises MalformedQuery for what cannot be a query, and
    RequestRefused for updates and for SERVICE.

    >>> parse_query("PREFIX a: <http://a/> # SELECT\\nask {}").form
    <QueryForm.ASK: 'ASK'>
    """
    seen = look(text)
    _refuse(seen)
    given = bool(default_graphs or named_graphs)
    default = tuple(f"<{iri}>" for iri in default_graphs) if given else seen.default_graphs
    named = tuple(f"<{iri}>" for iri in named_graphs) if given else seen.named_graphs
    if any(not graph.startswith("<") for graph in (*default, *named)):
        mistake = undeclared(text)
        if mistake is not None:
            raise mistake
    if len(default) + len(named) > MAX_CLAUSES:
        raise MalformedQuery(f"The query is not answered here: it names more than {MAX_CLAUSES} graphs.")
    if len(seen.targets) > MAX_CLAUSES:
        raise MalformedQuery(f"The query is not answered here: it describes more than {MAX_CLAUSES} resources.")
    plain = without(text, seen.dataset)
    return SparqlQuery(
        plain,
        QueryForm(seen.form),
        default,
        named,
        text[: seen.start],
        seen.changing,
        seen.targets,
        ("" if seen.grouped else "{} ") + plain[seen.body :] if seen.form == "DESCRIBE" else "",
    )


def _refuse(seen: Scan) -> None:
    if seen.is_update:
        raise RequestRefused(f"This service is read-only: {seen.form} is not done here.")
    if seen.service:
        raise RequestRefused("SERVICE is not evaluated here: this service sends no requests to others.")


__all__ = ["OFFERS", "QueryForm", "SparqlQuery", "parse_query", "rewrite_iris"]

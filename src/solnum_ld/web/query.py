"""The query page: a form that works without scripts, examples by question, results as a table of names, errors in words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response

from solnum_ld.errors import MalformedQuery, SolnumError
from solnum_ld.mediatypes import HTML, NTRIPLES, SPARQL_JSON, TSV, Format
from solnum_ld.messages import listed
from solnum_ld.namespaces import PREFIXES, SH
from solnum_ld.resources.describing import describe_query
from solnum_ld.resources.roles import QUERIES
from solnum_ld.resources.typography import number_text
from solnum_ld.resources.view import Speaker, Text, Value, Viewer, choose, natural
from solnum_ld.sparql import QueryForm, SparqlQuery
from solnum_ld.store.protocol import Limits, Term
from solnum_ld.web.completion import read_completion
from solnum_ld.web.html import CSP, detail_text, has_editor, home_title, render
from solnum_ld.web.http import CACHE, choose_language, represent
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics
from solnum_ld.web.words import has_word, word

MAX_ROWS = 500
"""Solutions that the page shows; downloads have them all."""

_MAX_BYTES = 1024 * 1024
_MAX_PERMALINK = 6000
_EXAMPLES = f"""SELECT ?query ?text ?position {{
  ?query a <{SH}SPARQLExecutable> .
  ?query {"|".join(f"<{iri}>" for iri in QUERIES)} ?text .
  OPTIONAL {{ ?query <https://schema.org/position> ?position }}
}}"""
_COMMENTS = f"""SELECT ?query ?comment {{
  ?query a <{SH}SPARQLExecutable> ; <http://www.w3.org/2000/01/rdf-schema#comment> ?comment
}}"""
_OF_RESULTS = ("csv", "srj", "srx", "tsv")
_OF_GRAPHS = ("ttl", "nt", "rdf", "jsonld")
_FIRST = """PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?type (COUNT(?thing) AS ?number)
WHERE {
  ?thing a ?type .
}
GROUP BY ?type
ORDER BY DESC(?number)
LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A query that the source gives as an example."""

    question: Text
    comment: Text | None
    text: str
    href: str
    run: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a query has given: a table, or a truth. ``more`` tells that the table goes on; ``ms`` is how long it took."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    truth: bool | None = None
    more: bool = False
    ms: int = 0
    is_graph: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """What went wrong, in words, and the line of the query where it did: before, at and after the place ``at``."""

    text: str
    detail: Text
    line: tuple[str, str, str] | None = None
    at: tuple[int, int] | None = None


async def show_outcome(
    request: Request, generation: Generation, query: SparqlQuery, text: str, limits: Limits, cache: str = CACHE
) -> Response:
    """Answer with the page that holds a query and what it gives; raises what the store raises."""
    language = choose_language(request)
    outcome = await _evaluate(generation, query, limits, language)
    body = await _body(request, generation, language, limits, text=text, outcome=outcome)
    return _page(body, language, cache=cache)


async def query_page(request: Request, generation: Generation, limits: Limits) -> Response:
    """Answer with the form, the examples and what helps to write a query."""
    language = choose_language(request)
    return _page(await _body(request, generation, language, limits), language)


async def show_mistake(
    request: Request, generation: Generation, text: str, error: SolnumError, answer: Response, limits: Limits
) -> Response:
    """Answer with the page that holds a query and why it has no result; status and headers are those of ``answer``."""
    language = choose_language(request)
    mistake = _mistake(error, text, answer.status_code, language)
    body = await _body(request, generation, language, limits, text=text, mistake=mistake)
    response = _page(body, language, status=answer.status_code, cache=answer.headers["cache-control"])
    if "retry-after" in answer.headers:
        response.headers["retry-after"] = answer.headers["retry-after"]
    return response


def _page(body: str, language: str, *, status: int = 200, cache: str = CACHE) -> Response:
    headers = {"content-security-policy": CSP}
    vary = ("Accept", "Accept-Language")
    return represent(body, HTML, status=status, vary=vary, language=language, cache=cache, headers=headers)


async def _body(
    request: Request,
    generation: Generation,
    language: str,
    limits: Limits,
    *,
    text: str = "",
    outcome: Outcome | None = None,
    mistake: Mistake | None = None,
) -> str:
    endpoint = f"{generation.manifest.public}sparql"
    examples = await _examples(generation, language)
    address = f"{endpoint}?query={quote(text, safe='')}"
    short = bool(text) and len(address) < _MAX_PERMALINK
    suffixes = _OF_GRAPHS if outcome and outcome.is_graph else _OF_RESULTS
    return render(
        "sparql.html",
        generation,
        language,
        request,
        endpoint=endpoint,
        canonical=endpoint,
        text=text or (examples[0].text if examples else _FIRST),
        examples=examples,
        outcome=outcome,
        mistake=mistake,
        permalink=address if short else "",
        downloads=[(suffix, f"{address}&format={suffix}") for suffix in suffixes] if short and outcome else [],
        prefixes=[(prefix, iri) for prefix, iri in sorted(PREFIXES.items()) if iri in _used(generation)],
        terms=await _terms(generation, language),
        known=await read_completion(generation, language) if has_editor() else None,
        seconds=number_text(f"{limits.seconds:g}", language),
        max_rows=limits.rows,
        shown_rows=MAX_ROWS,
    )


_SYNTAX = "Line "
"""What the message of a query begins with that is none."""


def _mistake(error: SolnumError, text: str, status: int, language: str) -> Mistake:
    if not isinstance(error, MalformedQuery) or error.line is None or error.column is None:
        key = f"{status}_text"
        said = word(key, language) if has_word(key) else word(str(status), language) if has_word(str(status)) else ""
        return Mistake(said or word("error", language), detail_text(str(error), language))
    refused = not str(error).startswith(_SYNTAX)  # SPARQL, or what may be, that is not answered
    said = word("400", language) if refused else word("syntax_text", language, line=error.line, column=error.column)
    why = Text("") if error.expected else detail_text(str(error), language)
    if error.expected:
        said += " " + word(
            "syntax_expected",
            language,
            expected=listed(error.expected[:12], language),
        )
    lines = text.splitlines() or [""]
    line = lines[min(error.line, len(lines)) - 1]
    at = min(error.column - 1, len(line))
    begin = max(0, at - 200)
    shown = (line[begin:at], line[at : at + 1] or "\u2423", line[at + 1 : at + 200])
    return Mistake(said, why, shown, (error.line, error.column))


# -- results -------------------------------------------------------------------------------------------------------------


async def _evaluate(generation: Generation, query: SparqlQuery, limits: Limits, language: str) -> Outcome:
    started = time.perf_counter()
    if query.form is QueryForm.ASK:
        answer = await generation.store.answer(query, SPARQL_JSON, limits)
        truth = bool(json.loads(await answer.read())["boolean"])
        return Outcome((), (), truth=truth, ms=_since(started))
    rows: list[tuple[Term | None, ...]]
    if query.form is QueryForm.SELECT:
        columns, rows, more = await _solutions(generation, query, limits)
    else:
        if query.form is QueryForm.DESCRIBE:
            found = await describe_query(generation.store, query, limits, generation.manifest)
            triples, more = found[:MAX_ROWS], len(found) > MAX_ROWS
        else:
            lines, more = await _lines(generation, query, NTRIPLES, limits)
            data = b"".join(lines)
            triples = [quad.triple for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES)]
        columns = tuple(word(key, language) for key in ("subject", "predicate", "object"))
        rows = [tuple(triple) for triple in triples]
    ms = _since(started)
    labels = await generation.store.labels(
        sorted({t.value for row in rows for t in row if isinstance(t, ox.NamedNode)})
    )
    speaker = Speaker(generation.manifest.names, language, labels, home_title(generation, language))
    terms = await asyncio.to_thread(_terms_in_use, generation)
    said = [tuple(_said(term, speaker, terms) for term in row) for row in rows]
    tell = speaker.told_apart(value for row in said for value in row if value)
    shown = tuple(tuple(value and tell(value) for value in row) for row in said)
    return Outcome(columns, shown, more=more, ms=ms, is_graph=query.form not in (QueryForm.SELECT, QueryForm.ASK))


def _said(term: Term | None, speaker: Speaker, terms: frozenset[str]) -> Value | None:
    """Return a term as resource pages say it: classes and properties in words."""
    if term is None:
        return None
    if isinstance(term, ox.Literal):
        return speaker.in_tongue(term)
    return speaker.term(term) if isinstance(term, ox.NamedNode) and term.value in terms else speaker.value(term)


def _terms_in_use(generation: Generation) -> frozenset[str]:
    return frozenset(iri for counts in read_statistics(generation).values() for iri in counts)


def _since(started: float) -> int:
    return max(1, round(1000 * (time.perf_counter() - started)))


async def _solutions(
    generation: Generation, query: SparqlQuery, limits: Limits
) -> tuple[tuple[str, ...], list[tuple[Term | None, ...]], bool]:
    lines, more = await _lines(generation, query, TSV, limits)
    columns, rows = await asyncio.to_thread(_parsed, b"".join(lines))
    return columns, rows, more


def _parsed(data: bytes) -> tuple[tuple[str, ...], list[tuple[Term | None, ...]]]:
    """Return variables and solutions of a TSV result; the engine's iterator must not change threads."""
    solutions = cast("ox.QuerySolutions", ox.parse_query_results(data, format=ox.QueryResultsFormat.TSV))
    columns = tuple(variable.value for variable in solutions.variables)
    return columns, [tuple(cast("Term | None", term) for term in solution) for solution in solutions]


async def _lines(generation: Generation, query: SparqlQuery, form: Format, limits: Limits) -> tuple[list[bytes], bool]:
    """Return the first lines of an answer in a format of lines, and whether there are more; the query is stopped then."""
    answer = await generation.store.answer(query, form, limits)
    most = MAX_ROWS + (1 if form is TSV else 0)
    data = answer.first
    try:
        if answer.rest is not None:
            async for block in answer.rest:
                data += block
                if data.count(b"\n") > most or len(data) > _MAX_BYTES:
                    break
            else:
                return _cut(data, most)
            lines, _ = _cut(data, most)
            return lines, True
    finally:
        answer.close()
    return _cut(data, most)


def _cut(data: bytes, most: int) -> tuple[list[bytes], bool]:
    lines = data.split(b"\n")
    tail = lines.pop()
    if tail and len(lines) < most and len(data) <= _MAX_BYTES:
        lines.append(tail)
    return [line + b"\n" for line in lines[:most]], len(lines) > most


# -- what helps ------------------------------------------------------------------------------------------------------------


async def _examples(generation: Generation, language: str) -> list[Example]:
    rows = await generation.store.rows(_EXAMPLES)
    iris = sorted({str(row["query"].value) for row in rows if isinstance(row["query"], ox.NamedNode)})
    labels = await generation.store.labels(iris)
    comments: dict[str, list[ox.Literal]] = {}
    for row in await generation.store.rows(_COMMENTS):
        if isinstance(row["query"], ox.NamedNode) and isinstance(row["comment"], ox.Literal):
            comments.setdefault(row["query"].value, []).append(row["comment"])
    viewer = Viewer(generation.manifest.names, language)
    endpoint = f"{generation.manifest.public}sparql"
    found = []
    for row in rows:
        query, text, position = row["query"], row["text"], row.get("position")
        if not isinstance(query, ox.NamedNode) or not isinstance(text, ox.Literal):
            continue
        comment = choose(comments.get(query.value, ()), language)
        rank = natural(position.value) if isinstance(position, ox.Literal) else natural("9999999")
        example = Example(
            viewer.name(query.value, labels.get(query.value, ())),
            Text(comment.value, comment.language or "") if comment else None,
            text.value,
            generation.manifest.names.page(query.value),
            f"{endpoint}?query={quote(text.value, safe='')}",
        )
        found.append((rank, query.value, example))
    return [example for _, _, example in sorted(found, key=lambda entry: entry[:2])]


async def _terms(generation: Generation, language: str) -> list[tuple[str, list[tuple[str, Text, int]]]]:
    """Return the classes and properties in use, the most used first, with their names: a sheet beside the form."""
    statistics = await asyncio.to_thread(read_statistics, generation)
    sheet = []
    for key in ("classes", "properties"):
        ranked = sorted(statistics[key].items(), key=lambda pair: (-pair[1], pair[0]))
        short = [(_prefixed(iri), iri, count) for iri, count in ranked if _prefixed(iri)][:18]
        labels = await generation.store.labels([iri for _, iri, _ in short])
        viewer = Viewer(generation.manifest.names, language)
        sheet.append((key, [(name, viewer.name(iri, labels.get(iri, ())), count) for name, iri, count in short]))
    return sheet


def _prefixed(iri: str) -> str:
    for prefix in ("sn", "schema", "skos", "igeo", "rdfs", "dcterms", "foaf", "prov", "dcat", "geo"):
        space = PREFIXES.get(prefix, "")
        if space and iri.startswith(space):
            return f"{prefix}:{iri[len(space) :]}"
    return ""


def _used(generation: Generation) -> Iterable[str]:
    data = read_statistics(generation)
    terms = [*data["classes"], *data["properties"]]
    return {space for space in PREFIXES.values() if any(term.startswith(space) for term in terms)}

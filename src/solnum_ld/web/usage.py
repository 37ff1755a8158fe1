"""How the terms of a vocabulary are used: how often, on which things, and under which rules, in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import SH
from solnum_ld.resources.typography import literal_text
from solnum_ld.resources.view import Text, Value, Viewer, choose
from solnum_ld.store.protocol import Term
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics

MAX_TERMS = 400
_EXAMPLES = 3
_INSTANCES = f"SELECT ?term ?thing {{ ?thing a ?term . FILTER(isIRI(?thing)) }} LIMIT {_EXAMPLES}"
_STATEMENTS = f"SELECT ?term ?thing ?value {{ ?thing ?term ?value . FILTER(isIRI(?thing)) }} LIMIT {_EXAMPLES}"
_RULES = f"""SELECT ?class ?path ?message {{
  ?shape <{SH}targetClass> ?class ; <{SH}property> ?rule .
  ?rule <{SH}path> ?path ; <{SH}message> ?message .
}} LIMIT 20000"""


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of one term. Each example is a thing, and for a property what it says of it."""

    count: int
    examples: tuple[tuple[Value, Value | None], ...]
    rules: tuple[Text, ...]


async def usage_of(generation: Generation, iris: Iterable[str], language: str) -> dict[str, Usage]:
    """Return how each of these terms is used in the release."""
    statistics = await asyncio.to_thread(read_statistics, generation)
    classes, properties = statistics["classes"], statistics["properties"]
    rules = await _rules(generation, language)
    found: dict[str, Usage] = {}
    for iri in list(iris)[:MAX_TERMS]:
        query = _INSTANCES if iri in classes else _STATEMENTS if iri in properties else ""
        rows = await generation.store.rows(query, term=ox.NamedNode(iri)) if query else []
        examples = await _examples(generation, rows, language)
        found[iri] = Usage(classes.get(iri, 0) or properties.get(iri, 0), examples, rules.get(iri, ()))
    return found


async def _examples(
    generation: Generation, rows: list[dict[str, Term]], language: str
) -> tuple[tuple[Value, Value | None], ...]:
    iris = {t.value for row in rows for t in (row.get("thing"), row.get("value")) if isinstance(t, ox.NamedNode)}
    labels = await generation.store.labels(sorted(iris))
    shown = ((_value(generation, r["thing"], labels, language), r.get("value")) for r in rows)
    return tuple((thing, _value(generation, value, labels, language) if value else None) for thing, value in shown)


def _value(generation: Generation, term: Term, labels: Mapping[str, tuple[ox.Literal, ...]], language: str) -> Value:
    names = generation.manifest.names
    if isinstance(term, ox.NamedNode):
        outside = not term.value.startswith((names.base, names.public)) and not names.is_vocabulary(term.value)
        web = term.value.startswith(("http://", "https://"))
        href = term.value if outside and web else names.page(term.value)
        return Value(Viewer(names, language).name(term.value, labels.get(term.value, ())), href, outside and web)
    if isinstance(term, ox.Literal):
        said = literal_text(term.value, term.datatype.value, language)
        text = said if len(said) < 120 else f"{said[:120]}…"
        return Value(Text(text, term.language or ""))
    return Value(Text("…"))


async def _rules(generation: Generation, language: str) -> dict[str, tuple[Text, ...]]:
    """Return what the shapes ask, by class and by property: their messages in a reader's language."""
    grouped: dict[tuple[str, str], list[ox.Literal]] = {}
    for row in await generation.store.rows(_RULES):
        kind, path, message = row["class"], row["path"], row["message"]
        if isinstance(kind, ox.NamedNode) and isinstance(message, ox.Literal):
            grouped.setdefault((kind.value, str(path)), []).append(message)
    rules: dict[str, dict[str, Text]] = {}
    for (kind_iri, path_term), messages in sorted(grouped.items()):
        by_tag: dict[str, list[ox.Literal]] = {}
        for message in messages:
            by_tag.setdefault(message.language or "", []).append(message)
        best = choose(messages, language)
        for message in by_tag.get((best.language or "") if best else "", ()):
            text = Text(message.value, message.language or "")
            rules.setdefault(kind_iri, {})[text.value] = text
            rules.setdefault(path_term.strip("<>"), {})[text.value] = text
    return {iri: tuple(texts.values()) for iri, texts in rules.items()}

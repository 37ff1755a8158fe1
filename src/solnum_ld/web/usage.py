"""How the terms of a vocabulary are used: how often, on which things, and under which rules, in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import SH
from solnum_ld.resources.typography import literal_text
from solnum_ld.resources.view import Text, Value, Viewer, choose
from solnum_ld.store.index import NAME, ReleaseIndex
from solnum_ld.store.protocol import Term
from solnum_ld.store.values import term_of
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics

MAX_TERMS = 400
_RULES = f"""SELECT ?class ?path ?message {{
  ?shape <{SH}targetClass> ?class ; <{SH}property> ?rule .
  ?rule <{SH}path> ?path ; <{SH}message> ?message .
}} LIMIT 20000"""

_Examples = Mapping[str, Sequence[Term]]
"""Things, and what each says by a property."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of one term. Each example is a thing, and for a property what it says of it."""

    count: int
    examples: tuple[tuple[Value, Value | None], ...]
    rules: tuple[Text, ...]


async def usage_of(generation: Generation, iris: Iterable[str], language: str) -> dict[str, Usage]:
    """Return how each of these terms is used in the release."""
    terms = list(iris)[:MAX_TERMS]
    counts, examples = await asyncio.to_thread(_read, generation, terms)
    values = (term for things in examples.values() for found in things.values() for term in found)
    mentioned = {term.value for term in values if isinstance(term, ox.NamedNode)}
    mentioned.update(thing for things in examples.values() for thing in things)
    labels = await generation.store.labels(sorted(mentioned))
    rules = await _rules(generation, language)
    return {
        iri: Usage(counts[iri], _shown(generation, examples[iri], labels, language), rules.get(iri, ()))
        for iri in terms
    }


def _read(generation: Generation, terms: Sequence[str]) -> tuple[dict[str, int], dict[str, _Examples]]:
    """Return how often each term is used, and its examples, as the build has found them: every engine would give others."""
    statistics = read_statistics(generation)
    classes, properties = statistics["classes"], statistics["properties"]
    index = ReleaseIndex(generation.path / NAME)
    try:
        found = {term: index.examples(term, is_class=term in classes) for term in terms}
    finally:
        index.close()
    counts = {term: classes.get(term, 0) or properties.get(term, 0) for term in terms}
    examples: dict[str, _Examples] = {
        term: {thing: [term_of(value) for value in values] for thing, values in things.items()}
        for term, things in found.items()
    }
    return counts, examples


def _shown(
    generation: Generation, examples: _Examples, labels: Mapping[str, tuple[ox.Literal, ...]], language: str
) -> tuple[tuple[Value, Value | None], ...]:
    return tuple(
        (
            _value(generation, ox.NamedNode(thing), labels, language),
            _value(generation, _best(values, language), labels, language) if values else None,
        )
        for thing, values in examples.items()
    )


def _best(values: Sequence[Term], language: str) -> Term:
    """Return the value to show: in the reader's language where there is one."""
    return choose([value for value in values if isinstance(value, ox.Literal)], language) or values[0]


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
    for (kind_iri, path_term), messages in sorted(map(_ordered, grouped.items()), key=_rank):
        by_tag: dict[str, list[ox.Literal]] = {}
        for message in messages:
            by_tag.setdefault(message.language or "", []).append(message)
        best = choose(messages, language)
        for message in by_tag.get((best.language or "") if best else "", ()):
            text = Text(message.value, message.language or "")
            rules.setdefault(kind_iri, {})[text.value] = text
            rules.setdefault(path_term.strip("<>"), {})[text.value] = text
    return {iri: tuple(texts.values()) for iri, texts in rules.items()}


_Messages = tuple[tuple[str, str], list[ox.Literal]]


def _ordered(group: _Messages) -> _Messages:
    return group[0], sorted(group[1], key=str)


def _rank(group: _Messages) -> tuple[str, str, list[str]]:
    """Order rules by class and property; those of longer paths, whose labels differ from engine to engine, by their messages."""
    (kind, path), messages = group
    return kind, path if path.startswith("<") else "", list(map(str, messages))

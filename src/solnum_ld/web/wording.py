"""Terms of the index for people, in words: in one language, as links, and as keys in addresses."""

from __future__ import annotations

from collections.abc import Mapping

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.resources.typography import literal_text
from solnum_ld.resources.view import Text, Value, Viewer, is_said
from solnum_ld.search.ask import FacetValue


class Wording:
    """Says terms of the index in one language, and as keys in addresses."""

    def __init__(self, names: Names, language: str) -> None:
        self.names, self.language = names, language
        self._viewer = Viewer(names, language)

    def text(self, texts: Mapping[str, str], iri: str = "") -> Text:
        """Return the text for a reader, else the name that ``iri`` falls back to."""
        said = {language: text for language, text in texts.items() if is_said(text)}
        for wanted in (self.language, "fr", "en", *said):
            if wanted in said:
                return Text(said[wanted], wanted)
        return Text(self._viewer.fallback(iri))

    def value(self, found: FacetValue) -> Value:
        """Return a value of a field as a page shows it."""
        term = parsed_term(found.term)
        if isinstance(term, ox.NamedNode):
            own = term.value.startswith((self.names.base, self.names.public)) or self.names.is_vocabulary(term.value)
            web = term.value.startswith(("http://", "https://"))
            href = self.names.page(term.value) if own or not web else term.value
            return Value(self.text(found.names, term.value), href, not own and web, iri=term.value)
        if isinstance(term, ox.Literal):
            said = literal_text(term.value, term.datatype.value, self.language)
            return Value(Text(said, (term.language or "").partition("-")[0]))
        return Value(Text("…"))

    def key(self, term: str) -> str:
        """Return what stands for a term in an address: the IRI without the base and ``id/``, or the literal's text."""
        parsed = parsed_term(term)
        if isinstance(parsed, ox.NamedNode):
            return parsed.value.removeprefix(self.names.base).removeprefix("id/")
        return parsed.value if isinstance(parsed, ox.Literal) else term

    def in_language(self, values: tuple[FacetValue, ...]) -> list[FacetValue]:
        """Return the values without the translations of those that the reader's language has."""
        tags = {v.term: parsed_term(v.term).language for v in values if v.term.startswith('"')}  # type: ignore[union-attr]  # a literal
        mine = {tag for tag in tags.values() if tag and tag.partition("-")[0] == self.language}
        return [v for v in values if not (mine and tags.get(v.term) and tags[v.term] not in mine)]


def parsed_term(term: str) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """Return the term that N-Triples writes so."""
    if term.startswith("<"):
        return ox.NamedNode(term[1:-1])
    if term.startswith("_:"):
        return ox.BlankNode(term[2:])
    quad: ox.Quad = next(iter(ox.parse(input=f"<x:s> <x:p> {term} .".encode(), format=ox.RdfFormat.N_TRIPLES)))
    value = quad.object
    return value if isinstance(value, ox.Literal) else ox.Literal(term)

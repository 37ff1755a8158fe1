"""Compact JSON-LD written directly, for contexts of a plain kind: what JSON-LD 1.1 API, 5.6 and 8.4, give for them.

A context is plain when it has prefixes, aliases of ``@id`` and ``@type``, and terms that either coerce to one type or hold
texts by language. Nothing is lost: an expansion of the document gives the triples again, lists as lists.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyoxigraph as ox

from solnum_ld.namespaces import RDF, RDF_TYPE, XSD

_FIRST, _REST, _NIL = RDF + "first", RDF + "rest", RDF + "nil"
_STRING, _TEXT = XSD + "string", RDF + "langString"
_DELIMITERS = (":", "/", "?", "#", "[", "]", "@")
_VERSION = "@version"
_REMEMBERED = 20_000
"""IRIs whose compact form is kept in memory."""

Json = Any  # a value of JSON
Properties = dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]


class NotPlain(Exception):
    """A context, or an IRI under it, that needs the whole algorithm."""


class PlainContext:
    """A plain context, ready to write with; raises :class:`NotPlain` for any other."""

    def __init__(self, definition: Mapping[str, Json]) -> None:
        self._definition = definition
        self._names = [
            (value, prefix)
            for prefix, value in definition.items()
            if isinstance(value, str) and value.endswith(_DELIMITERS) and not value.startswith("@")
        ]
        self._names.sort(key=lambda pair: (-len(pair[0]), pair[1]))
        self._prefixes = {prefix: namespace for namespace, prefix in self._names}
        if any(self._expand(namespace) != namespace for namespace, _ in self._names):
            raise NotPlain("a prefix of a prefix")
        self._aliases = {"@id": "@id", "@type": "@type"}
        self._texts: dict[str, str] = {}
        self._typed: dict[tuple[str, str], str] = {}
        self._needs: dict[str, tuple[str, ...]] = {}
        for term, value in definition.items():
            self._add(term, value)
        self._compacted: dict[str, tuple[str, str | None]] = {}

    def _add(self, term: str, value: Json) -> None:
        if value in ("@id", "@type") and not term.startswith("@"):
            self._aliases[value] = term
        elif isinstance(value, dict) and ":" not in term and "@id" in value:
            kind = value.keys() - {"@id"}
            iri = self._expand(value["@id"])
            if kind == {"@container"} and value["@container"] == "@language":
                self._texts.setdefault(iri, term)
            elif kind == {"@type"}:
                self._typed.setdefault((iri, self._expand(value["@type"])), term)
            else:
                raise NotPlain(term)
            used = (str(value["@id"]), str(value.get("@type", "")))
            self._needs[term] = tuple(
                word.partition(":")[0] for word in used if word.partition(":")[0] in self._prefixes
            )
        elif not (term == _VERSION or (isinstance(value, str) and not term.startswith("@") and ":" in value)):
            raise NotPlain(term)

    def _expand(self, word: str) -> str:
        prefix, colon, rest = word.partition(":")
        if word == "@id":
            return word
        if not colon or word.startswith("@"):
            raise NotPlain(word)
        return self._prefixes[prefix] + rest if prefix in self._prefixes and not rest.startswith("//") else word

    def write(self, triples: Iterable[ox.Triple]) -> bytes:
        """Return the triples as a document, ASCII only, nodes and properties in a stable order."""
        nodes, lists = _gather(dict.fromkeys(triples))
        used: set[str] = set()
        writer = _Writer(self, lists, used)
        graph = ",\n".join(writer.node(subject, nodes[subject]) for subject in sorted(nodes))
        if writer.written != lists.keys():
            raise NotPlain("lists within one another")
        for term in list(used):
            used.update(self._needs.get(term, ()))
        kept = {k: v for k, v in self._definition.items() if k in used or k == _VERSION}
        context = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in kept.items())
        return f'{{\n "@context": {{\n{context}\n }},\n "@graph": [\n{graph}\n ]\n}}\n'.encode()

    def keyword(self, name: str, used: set[str]) -> str:
        """Return what stands for ``@id`` or ``@type``."""
        alias = self._aliases[name]
        used.add(alias)
        return alias

    def iri(self, iri: str, used: set[str]) -> str:
        """Return an IRI, by prefix where that is safe (JSON-LD 1.1 API, 6.2)."""
        if iri.startswith("_:"):
            return iri
        found = self._compacted.get(iri)
        if found is None:
            found = self._compact(iri)
            if len(self._compacted) > _REMEMBERED:
                self._compacted.clear()
            self._compacted[iri] = found
        written, prefix = found
        if prefix:
            used.add(prefix)
        return written

    def _compact(self, iri: str) -> tuple[str, str | None]:
        for namespace, prefix in self._names:
            if iri.startswith(namespace) and len(iri) > len(namespace):
                written = f"{prefix}:{iri[len(namespace) :]}"
                if written not in self._definition and not iri.startswith("//", len(namespace)):
                    return written, prefix
        scheme, _, rest = iri.partition(":")
        if scheme in self._definition and not rest.startswith("//"):
            raise NotPlain(iri)
        return iri, None

    def text_term(self, property_iri: str) -> str | None:
        """Return the term under which texts of a property stand by language."""
        return self._texts.get(property_iri)

    def typed_term(self, property_iri: str, kind: str) -> str | None:
        """Return the term that coerces to a datatype, or to ``@id``."""
        return self._typed.get((property_iri, kind))


def _gather(
    triples: Iterable[ox.Triple],
) -> tuple[dict[str, Properties], dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]]:
    """Return the properties of each node, and each well-formed list by its first node, whose nodes are left out."""
    nodes: dict[str, Properties] = {}
    mentions: Counter[str] = Counter()
    for triple in triples:
        subject, value = triple.subject, triple.object
        if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
            raise NotPlain("a triple term")
        nodes.setdefault(_name(subject), {}).setdefault(triple.predicate.value, []).append(value)
        if isinstance(value, ox.BlankNode):
            mentions[_name(value)] += 1
    cells = {
        name: (properties[_FIRST][0], properties[_REST][0])
        for name, properties in nodes.items()
        if name.startswith("_:")
        and mentions[name] == 1
        and properties.keys() == {_FIRST, _REST}
        and len(properties[_FIRST]) == len(properties[_REST]) == 1
        and isinstance(properties[_REST][0], ox.NamedNode | ox.BlankNode)
    }
    inner = {_name(rest) for _, rest in cells.values()}
    lists = {}
    for head in cells.keys() - inner:
        items, here, chain = [], head, []
        while here in cells:
            first, rest = cells[here]
            items.append(first)
            chain.append(here)
            here = _name(rest)
        if here == _NIL:
            lists[head] = items
            for cell in chain:
                del nodes[cell]
    return nodes, lists


def _name(node: object) -> str:
    if isinstance(node, ox.NamedNode):
        return node.value
    if isinstance(node, ox.BlankNode):
        return f"_:{node.value}"
    return ""


class _Writer:
    """Writes nodes, and notes the terms and prefixes in use."""

    def __init__(
        self,
        context: PlainContext,
        lists: Mapping[str, Sequence[ox.NamedNode | ox.BlankNode | ox.Literal]],
        used: set[str],
    ) -> None:
        self._context, self._lists, self._used = context, lists, used
        self.written: set[str] = set()

    def node(self, subject: str, properties: Properties) -> str:
        """Return a node object, a line a property."""
        members: dict[str, Json] = {self._context.keyword("@id", self._used): self._context.iri(subject, self._used)}
        for name in sorted(properties, key=lambda name: (name != RDF_TYPE, name)):
            for value in sorted(properties[name], key=str):
                self._put(members, name, value)
        return "  {" + ",\n   ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in members.items()) + "}"

    def _put(self, members: dict[str, Json], name: str, value: ox.NamedNode | ox.BlankNode | ox.Literal) -> None:
        context, used = self._context, self._used
        if isinstance(value, ox.Literal):
            plain = value.datatype.value == _STRING
            text = context.text_term(name) if value.language or plain else None
            if text is not None:
                used.add(text)
                _append(members.setdefault(text, {}), value.language or "@none", value.value)
                return
            term = context.typed_term(name, value.datatype.value)
            written: Json = value.value if term or plain else self._value(value)
        elif (label := _name(value)) in self._lists or label == _NIL:
            term, written = None, self._list(label)
        elif name == RDF_TYPE:
            term, written = context.keyword("@type", used), context.iri(label, used)
        else:
            term = context.typed_term(name, "@id")
            written = context.iri(label, used) if term else self._value(value)
        if term:
            used.add(term)
        _append(members, term or context.iri(name, used), written)

    def _value(self, value: ox.NamedNode | ox.BlankNode | ox.Literal) -> Json:
        """Return a value that says itself what it is."""
        if not isinstance(value, ox.Literal):
            label = _name(value)
            if label in self._lists or label == _NIL:
                return self._list(label)
            return {self._context.keyword("@id", self._used): self._context.iri(label, self._used)}
        if value.language:
            return {"@value": value.value, "@language": value.language}
        if value.datatype.value == _STRING:
            return value.value
        return {"@value": value.value, "@type": self._context.iri(value.datatype.value, self._used)}

    def _list(self, head: str) -> Json:
        if head != _NIL:
            self.written.add(head)
        return {"@list": [self._value(item) for item in self._lists.get(head, ())]}


def _append(members: dict[str, Json], key: str, value: Json) -> None:
    """Set a member; the second value makes it an array."""
    if key not in members:
        members[key] = value
    elif isinstance(members[key], list):
        members[key].append(value)
    else:
        members[key] = [members[key], value]

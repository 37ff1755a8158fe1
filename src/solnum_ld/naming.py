"""What things are called that have no name as a whole: people by given and family name, anything by the end of its IRI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import pyoxigraph as ox

from solnum_ld.namespaces import FOAF, SCHEMA, SCHEMA_HTTP, VCARD

_VOCABULARIES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        tuple(FOAF + name for name in ("givenName", "givenname", "firstName")),
        tuple(FOAF + name for name in ("familyName", "family_name", "lastName", "surname")),
    ),
    *(((space + "givenName",), (space + "familyName",)) for space in (SCHEMA, SCHEMA_HTTP)),
    ((VCARD + "given-name",), (VCARD + "family-name",)),
)
PARTS_OF_NAMES: tuple[str, ...] = tuple(name for given, family in _VOCABULARIES for name in (*given, *family))
"""Properties that hold given or family names: what has one of them has a name, even where none is stated as a whole."""

_FAMILY_FIRST = frozenset({"hu", "ja", "ko", "vi", "zh"})


def full_names(parts: Mapping[str, Sequence[ox.Literal]]) -> tuple[ox.Literal, ...]:
    """Return the names that given and family names make, one in each language; ``parts`` are those by property.

    >>> said = {FOAF + "givenName": [ox.Literal("Ada")], FOAF + "familyName": [ox.Literal("Lovelace")]}
    >>> [name.value for name in full_names(said)]
    ['Ada Lovelace']
    """
    for given_names, family_names in _VOCABULARIES:
        given, family = (
            _by_language(next((parts[name] for name in names if parts.get(name)), ()))
            for names in (given_names, family_names)
        )
        tags = sorted({*given, *family} - {""}) or [""]
        composed = [name for tag in tags if (name := _composed(given, family, tag)) is not None]
        if composed:
            return tuple(composed)
    return ()


def end_of(iri: str) -> str:
    """Return what an IRI ends with, with the part before it where the end alone has no letter.

    >>> [end_of(f"http://x.example/{end}") for end in ("place/quai%20n", "place/12", "12", "ns#", "page#2")]
    ['quai n', 'place/12', '12', 'ns', 'page/2']
    """
    parts = iri.rstrip("/#").replace("#", "/").split("/")
    end = unquote(parts[-1], errors="replace")
    alone = len(parts) < 5 or not parts[-2] or any(map(str.isalpha, end))
    return (end if alone else f"{unquote(parts[-2], errors='replace')}/{end}") or iri


def _by_language(literals: Sequence[ox.Literal]) -> dict[str, str]:
    found: dict[str, str] = {}
    for literal in sorted(literals, key=lambda literal: literal.value):
        if literal.value.strip():
            found.setdefault(literal.language or "", literal.value.strip())
    return found


def _composed(given: Mapping[str, str], family: Mapping[str, str], tag: str) -> ox.Literal | None:
    """Return the name in one language; a part that is not said in it is taken as it is said."""
    order = (family, given) if tag.partition("-")[0] in _FAMILY_FIRST else (given, family)
    said = [part.get(tag) or part.get("") or next(iter(part.values())) for part in order if part]
    if not said:
        return None
    return ox.Literal(" ".join(said), language=tag) if tag else ox.Literal(" ".join(said))

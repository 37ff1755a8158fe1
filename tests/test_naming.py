"""Names of people from their parts."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from solnum_ld.namespaces import FOAF, SCHEMA, SCHEMA_HTTP, VCARD
from solnum_ld.naming import full_names

Parts = dict[str, list[ox.Literal]]


def said(text: str, tag: str = "") -> list[ox.Literal]:
    return [ox.Literal(text, language=tag) if tag else ox.Literal(text)]


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ({SCHEMA + "givenName": said("Ada"), SCHEMA + "familyName": said("Lovelace")}, [("Ada Lovelace", None)]),
        ({SCHEMA_HTTP + "givenName": said(" Ada ")}, [("Ada", None)]),
        ({VCARD + "given-name": said("Ada"), VCARD + "family-name": said("Lovelace")}, [("Ada Lovelace", None)]),
        ({FOAF + "firstName": said("Ada"), FOAF + "surname": said("Lovelace")}, [("Ada Lovelace", None)]),
        ({FOAF + "familyName": said("Lovelace")}, [("Lovelace", None)]),
        (
            {
                FOAF + "givenName": [*said("Marie", "fr"), *said("Maria", "pl")],
                FOAF + "familyName": said("Curie"),
            },
            [("Marie Curie", "fr"), ("Maria Curie", "pl")],
        ),
        (
            {
                FOAF + "givenName": [*said("英世", "ja"), *said("Hideyo", "en")],
                FOAF + "familyName": [*said("野口", "ja"), *said("Noguchi", "en")],
            },
            [("Hideyo Noguchi", "en"), ("野口 英世", "ja")],
        ),
        ({FOAF + "givenName": said("Ada"), VCARD + "family-name": said("King")}, [("Ada", None)]),
        ({FOAF + "givenName": said(" "), VCARD + "family-name": said("King")}, [("King", None)]),
        ({}, []),
    ],
)
def test_given_and_family_names_make_a_name_in_each_language(parts: Parts, names: list[tuple[str, str | None]]) -> None:
    assert [(name.value, name.language) for name in full_names(parts)] == names

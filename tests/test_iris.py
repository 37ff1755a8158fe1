"""Names and addresses: rebasing and its inverse, the document of a name, and spellings that mean the same."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.iris import Names, encoded, is_absolute, is_base, is_public, readable, spellings

SPACE = "https://w3id.org/solnum/"
HERE = Names(SPACE, "http://127.0.0.1:8000/", "http://127.0.0.1:8000/")
APART = Names(SPACE, "https://w3id.example.org/x/", "https://data.example.org/ld/")
SAME = Names(SPACE, SPACE, SPACE)
DEPLOYMENTS = st.sampled_from([HERE, APART, SAME])

SEGMENT = st.text("abcXYZ019-._~éà中", min_size=1, max_size=6).filter(lambda s: s not in {".", ".."}) | st.sampled_from(
    ["%2F", "%C3%A9", "%20", "def", "id"]
)
PATHS = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("canonical", "deployed"),
    [
        (f"{SPACE}id/book/x", "https://w3id.example.org/x/id/book/x"),
        (f"{SPACE}graph/book", "https://w3id.example.org/x/graph/book"),
        (SPACE, "https://w3id.example.org/x/"),
        (f"{SPACE}define", "https://w3id.example.org/x/define"),
        (f"{SPACE}id/def", "https://w3id.example.org/x/id/def"),
        (f"{SPACE}def", f"{SPACE}def"),
        (f"{SPACE}def#Section", f"{SPACE}def#Section"),
        (f"{SPACE}def/1.0.0", f"{SPACE}def/1.0.0"),
        (f"{SPACE}shapes/Book", f"{SPACE}shapes/Book"),
        ("https://schema.org/name", "https://schema.org/name"),
        ("https://w3id.org/solnum", "https://w3id.org/solnum"),
    ],
)
def test_names_are_rebased_but_vocabulary_and_shapes_keep_theirs(canonical: str, deployed: str) -> None:
    assert APART.rebase(canonical) == deployed
    assert APART.canonical(deployed) == canonical


@given(DEPLOYMENTS, PATHS)
def test_canonical_undoes_rebase(names: Names, path: str) -> None:
    assert names.canonical(names.rebase(SPACE + path)) == SPACE + path


@given(DEPLOYMENTS, st.text(max_size=40))
def test_what_is_not_under_the_space_keeps_its_name(names: Names, text: str) -> None:
    iri = f"urn:x:{text}"
    assert names.rebase(iri) == iri


@given(DEPLOYMENTS, PATHS)
def test_a_rebased_name_is_under_the_base_unless_it_is_vocabulary(names: Names, path: str) -> None:
    deployed = names.rebase(SPACE + path)
    assert deployed.startswith(names.base) != (names.is_vocabulary(SPACE + path) and names.base != SPACE)


def test_a_source_without_a_space_is_never_rebased() -> None:
    names = Names("", "http://h/", "http://h/")
    assert names.rebase("http://a/b") == names.canonical("http://a/b") == "http://a/b"
    assert not names.is_vocabulary("http://a/def#x")


@pytest.mark.parametrize(
    ("iri", "document"),
    [
        ("https://w3id.example.org/x/id/book/x", "https://data.example.org/ld/doc/book/x"),
        ("https://w3id.example.org/x/graph/book", "https://data.example.org/ld/doc/graph/book"),
        ("https://w3id.example.org/x/id/caf\u00e9/\u00e0%2Fb", "https://data.example.org/ld/doc/caf%C3%A9/%C3%A0%2Fb"),
        ("https://w3id.example.org/x/page#part", "https://data.example.org/ld/doc/page"),
        (f"{SPACE}def#Section", "https://data.example.org/ld/def#Section"),
        (f"{SPACE}def", "https://data.example.org/ld/def"),
        (f"{SPACE}shapes/Book", "https://data.example.org/ld/shapes/Book"),
        ("https://w3id.example.org/x/doc/a", None),
        ("https://w3id.example.org/x/sparql", None),
        ("https://w3id.example.org/x/", None),
        ("https://w3id.example.org/x/a?b=c", None),
        ("https://schema.org/Book", None),
        (f"{SPACE}id/book/x", None),
    ],
)
def test_the_document_of_a_name_is_at_the_public_address(iri: str, document: str | None) -> None:
    assert APART.document(iri) == document
    assert APART.page(iri) == (document or APART.describe(iri))


@pytest.mark.parametrize("path", ["id/../up", "id/.", "..", "./id/x"])
def test_a_name_with_dots_that_clients_resolve_has_its_page_at_describe(path: str) -> None:
    assert HERE.document(f"{HERE.base}{path}") is None
    assert HERE.page(f"{HERE.base}{path}").startswith(f"{HERE.public}describe?iri=")
    assert HERE.document(f"{HERE.base}id/..b/c.") is not None


@pytest.mark.parametrize("file", ["def.ttl", "shapes.nt", "catalog.jsonld"])
def test_a_document_in_one_format_has_no_document_about_it(file: str) -> None:
    assert HERE.document(f"{HERE.base}{file}") is None
    for names in (HERE, APART):
        assert names.page(f"{names.public}{file}") == f"{names.public}{file}"
    assert APART.page(f"{APART.base}{file}") == APART.describe(f"{APART.base}{file}")
    assert HERE.document(f"{HERE.base}id/{file}") == f"{HERE.public}doc/{file}"


def test_describe_takes_the_whole_iri_as_one_parameter() -> None:
    address = APART.describe("http://a/b?c=d&e#f\u00e9")
    assert address == "https://data.example.org/ld/describe?iri=http%3A%2F%2Fa%2Fb%3Fc%3Dd%26e%23f%C3%A9"


@given(DEPLOYMENTS, PATHS)
def test_a_document_is_a_uri_under_the_public_address(names: Names, path: str) -> None:
    document = names.document(f"{names.base}id/{path}")
    assert document is not None
    assert document.isascii()
    assert document.startswith(f"{names.public}doc/")


@pytest.mark.parametrize(
    ("sent", "also"),
    [
        ("caf%C3%A9", "caf\u00e9"),
        ("caf%c3%a9", "caf\u00e9"),
        ("caf%c3%a9", "caf%C3%A9"),
        ("%62ook", "book"),
        ("a%2fb", "a%2Fb"),
        ("a%7Eb", "a~b"),
    ],
)
def test_an_equivalent_spelling_is_found(sent: str, also: str) -> None:
    assert also in spellings(sent)


URI_PATHS = st.lists(
    st.sampled_from([*"abz09-._~/", "%2F", "%2f", "%C3%A9", "%c3%a9", "%FF", "%61", "%2E", "%25", "%20", "%00"]),
    max_size=12,
).map("".join)


@given(URI_PATHS)
def test_a_spelling_never_turns_an_encoded_slash_into_a_slash_nor_the_reverse(path: str) -> None:
    for spelling in spellings(path):
        assert spelling.count("/") == path.count("/")
        assert spelling.upper().count("%2F") == path.upper().count("%2F")


@given(URI_PATHS)
def test_every_spelling_means_the_same_bytes(path: str) -> None:
    assert {unquote_to_bytes(spelling) for spelling in spellings(path)} == {unquote_to_bytes(path)}
    assert spellings(path)[0] == path
    assert len(set(spellings(path))) == len(spellings(path))


@pytest.mark.parametrize("path", ["a/../b", "a/./b", "a//b", "..", "%2E%2E/a"])
def test_dots_and_double_slashes_stay(path: str) -> None:
    assert all(re.sub("%2[Ee]", ".", spelling) == re.sub("%2[Ee]", ".", path) for spelling in spellings(path))


@given(PATHS)
def test_readable_and_encoded_are_inverse_for_what_people_write(path: str) -> None:
    assert encoded(readable(encoded(path))) == encoded(path)
    assert encoded(path).isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("%FF", "%FF"), ("%C3%A9", "\u00e9"), ("%2F", "%2F"), ("%E2%80%AE", "%E2%80%AE"), ("%25", "%25")],
)
def test_readable_decodes_printable_text_beyond_ascii_only(text: str, expected: str) -> None:
    assert readable(text) == expected


@pytest.mark.parametrize(
    ("iri", "expected"),
    [
        ("http://a/b", True),
        ("urn:isbn:1", True),
        ("http://a/\u00e9", True),
        ("name", False),
        ("/a", False),
        ("", False),
        ("http://a/b c", False),
        ("http://a/<b>", False),
        ('http://a/"', False),
        ("http://a/\x00", False),
        ("http://a/b\n", False),
    ],
)
def test_an_absolute_iri_has_a_scheme_and_no_forbidden_character(iri: str, expected: bool) -> None:
    assert is_absolute(iri) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://data.example.org/", True),
        ("http://127.0.0.1:8000/ld/", True),
        ("http://[::1]:8000/", True),
        ("https://data.example.org", False),
        ("https://user@data.example.org/", False),
        ("https://data.example.org/?a=/", False),
        ("https://data.example.org/#/", False),
        ("ftp://data.example.org/", False),
        ("http:///", False),
        ("http://a/\n/", False),
    ],
)
def test_a_base_is_an_http_folder(address: str, expected: bool) -> None:
    assert is_base(address) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://w3id.org/solnum/", True),
        ("http://192.0.2.1/", True),
        ("http://localhost:8000/", False),
        ("http://127.1.2.3/", False),
        ("http://[::1]:8000/", False),
        ("http://data.example.org/", False),
        ("http://a.localhost/", False),
    ],
)
def test_loopback_and_test_names_are_not_public(address: str, expected: bool) -> None:
    assert is_public(address) is expected
